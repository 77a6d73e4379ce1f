import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { JoiningBed } from './bed.fake.ts'
import { CORPUS } from './corpus.fake.ts'

suite('the built-in rules', () => {
  for (const [builtin, traces] of Object.entries(CORPUS)) {
    for (const { name, records } of traces) {
      const text = `${records.join('\n')}\n`

      test(`${builtin}: ${name}`, async () => {
        const bed = new JoiningBed({ rules: [{ builtin }] })
        await bed.give(text)
        await bed.drain()
        assert.deepEqual(bed.messages, records)
      })

      test(`${builtin}, a line at a time: ${name}`, async () => {
        const bed = new JoiningBed({ rules: [{ builtin }] })
        for (const line of text.split('\n').slice(0, -1)) await bed.give(`${line}\n`)
        await bed.drain()
        assert.deepEqual(bed.messages, records)
      })

      test(`${builtin}, in fields: ${name}`, async () => {
        const bed = new JoiningBed({ rules: [{ builtin }] }, { format: 'json' })
        const lines = text.split('\n').slice(0, -1)
        // An empty line is a record of JSON like any other.
        await bed.give(lines.map((message, n) => `${JSON.stringify({ n, message })}\n`).join(''))
        await bed.drain()
        assert.deepEqual(bed.messages, records)
      })
    }
  }

  test('each knows its own traces among those of all', async () => {
    const order = ['go', 'python', 'ruby', 'java', 'dotnet', 'node']
    const bed = new JoiningBed({ rules: order.map(builtin => ({ builtin })) })
    const expected: string[] = []
    for (const builtin of ['go', 'python', 'ruby', 'java']) {
      for (const { records } of CORPUS[builtin]) {
        expected.push(...records)
        await bed.give(`${records.join('\n')}\n`)
      }
    }
    await bed.drain()
    assert.deepEqual(bed.messages, expected)
  })
})
