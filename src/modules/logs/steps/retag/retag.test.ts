import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordsOf } from '../../lines-fake.ts'
import { processorOf } from '../../processor-fake.ts'
import { checkRetag } from './config.ts'

/** What comes of lines of the tag `test`: tags and their records, the lines' own tag last. */
function tagged(steps: readonly object[], lines: string): Record<string, string[]> {
  const batches = processorOf({}, steps).batches(lines)
  return Object.fromEntries(batches.map(batch => [batch.origin.tag, recordsOf(batch)]))
}

describe('another tag', () => {
  it('is given by the first rule that fits; the others keep their own', () => {
    const rules = [
      { field: 'level', pattern: '^(warn|error)$', to: 'alerts.{$1}.{$tag}' },
      { field: 'level', to: 'rest' },
    ]
    assert.deepEqual(
      tagged([{ retag: rules }], '{"level":"error"}\n{"level":"info"}\n{"n":1}\n{"level":"warn"}'),
      {
        'alerts.error.test': ['{"level":"error"}'],
        'alerts.warn.test': ['{"level":"warn"}'],
        rest: ['{"level":"info"}'],
        test: ['{"n":1}'],
      },
    )
  })

  it('sends the record through all steps again, also those before', () => {
    const steps = [
      { only: { tags: ['new'], steps: [{ add: { fields: { seen: true } } }] } },
      { only: { tags: ['test'], steps: [{ retag: [{ to: 'new' }] }] } },
    ]
    assert.deepEqual(tagged(steps, '{"n":1}'), { new: ['{"n":1,"seen":true}'], test: [] })
  })

  it('leaves the record under its own tag as well when it is kept', () => {
    assert.deepEqual(tagged([{ retag: [{ field: 'n', to: 'copy', keep: true }] }], '{"n":1}\n{"m":1}'), {
      copy: ['{"n":1}'],
      test: ['{"n":1}', '{"m":1}'],
    })
  })

  it('ends where rules lead back to themselves, and loses nothing', () => {
    const steps = [{ retag: [{ to: '{$tag}.x' }] }]
    assert.deepEqual(tagged(steps, '{"n":1}'), { 'test.x': ['{"n":1}'], test: [] })
    const same = tagged([{ retag: [{ to: 'test' }] }], '{"n":1}')
    assert.deepEqual(same, { test: ['{"n":1}'] })
  })

  it('is not given where the record has nothing for it', () => {
    assert.deepEqual(tagged([{ retag: [{ to: 'app.{name}' }] }], '{"n":1}'), { test: ['{"n":1}'] })
  })

  it('copies only when many records are of many tags', () => {
    const lines = Array.from({ length: 500 }, (_, n) => `{"n":${n},"k":"${n % 7}"}`).join('\n')
    const result = tagged([{ retag: [{ field: 'k', to: 'k{k}', keep: true }] }], lines)
    assert.equal(Object.keys(result).length, 8)
    assert.equal(Object.values(result).flat().length, 1000)
  })

  for (const [rule, message] of [
    [{ to: 'a', field: 'x.', keep: false }, /is not a field/],
    [{ to: 'a', pattern: 'x', keep: false }, /expected the field that the pattern is for/],
    [{ to: 'a', field: 'x', pattern: '(', keep: false }, /expected a regular expression/],
    [{ to: '{$x}', keep: false }, /is not a template, column 2/],
  ] as const)
    it(`is refused for ${JSON.stringify(rule)}`, () =>
      assert.match(checkRetag([rule], [])[0]?.message ?? '', message))
})
