import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordsOf } from './lines-fake.ts'
import { readLetters } from './replay.ts'

const outputs = ['loki', 'file']
const letter = (more: object) =>
  JSON.stringify({
    time: '2026-01-01T00:00:00.000Z',
    output: 'loki',
    reason: 'too old',
    input: 'tail',
    path: '/a.log',
    tag: 'shop',
    recordTime: '2025-12-31T00:00:00.000Z',
    ...more,
  })

function read(text: string, to?: string) {
  return readLetters(Buffer.from(text), { outputs, to })
}

describe('dead letters', () => {
  it('become batches of the same origin, for the output that refused them', () => {
    const lines = [{ record: { n: 1 } }, { record: { n: 2 } }, { output: 'file', record: { n: 3 } }]
    const letters = read(lines.map(letter).join('\n'))
    assert.ok('batches' in letters)
    assert.deepEqual(letters.batches.map(recordsOf), [['{"n":1}', '{"n":2}'], ['{"n":3}']])
    assert.deepEqual(letters.batches[0].origin, { input: 'tail', path: '/a.log', tag: 'shop', only: 'loki' })
    assert.equal(letters.batches[0].timesMs[0], Date.UTC(2025, 11, 31))
    assert.equal(letters.batches[1].origin.only, 'file')
  })

  it('keep their records byte for byte, also those that are not UTF-8', () => {
    const text = letter({}).replace(/\}$/, ',"record":{"a" :  1.50}}')
    const binary = Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')])
    const letters = read(`${text}\n${letter({ recordBase64: binary.toString('base64') })}\n`)
    assert.ok('batches' in letters)
    assert.deepEqual(recordsOf(letters.batches[0]), ['{"a" :  1.50}', binary.toString('latin1')])
  })

  it('can be sent elsewhere', () => {
    const letters = read(letter({ record: {} }), 'file')
    assert.ok('batches' in letters)
    assert.equal(letters.batches[0].origin.only, 'file')
  })

  for (const [what, text, problem] of [
    ['no JSON', 'x', /^line 1: expected a JSON object/],
    ['null', 'null', /^line 1: expected a dead letter with a record/],
    ['no record', letter({}), /^line 1: expected a dead letter with a record/],
    ['a record that is a list', letter({ record: [1] }), /^line 1: expected the record to be a JSON object/],
    ['a record that is none', letter({ recordBase64: 'AAAA' }), /^line 1: expected the record to be/],
    ['an unknown output', `\n${letter({ output: 'es', record: {} })}`, /^line 1: there is no output "es"/],
    ['a second bad line', `${letter({ record: {} })}\n{`, /^line 2: /],
  ] as const)
    it(`are refused as a whole when there is ${what}`, () => {
      const letters = read(text)
      assert.match('problem' in letters ? letters.problem : '', problem)
    })
})
