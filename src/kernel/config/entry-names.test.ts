import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkEntryNames, entryNames } from './entry-names.ts'

const lists = [
  { kinds: [], names: [] },
  { kinds: ['tail'], names: ['tail'] },
  { kinds: ['tail', 'app'], names: ['tail', 'app'] },
  { kinds: ['tail', 'app', 'tail'], names: ['tail-1', 'app', 'tail-2'] },
]
for (const { kinds, names } of lists) {
  test(`entries [${kinds}] are called [${names}]`, () =>
    assert.deepEqual(entryNames(kinds.map(kind => ({ kind, config: {} }))), names))
}

const named = [
  { kind: 'file', config: { name: 'errors' } },
  { kind: 'file', config: {} },
]

test('an entry is called as it was told', () => assert.deepEqual(entryNames(named), ['errors', 'file-2']))

test('a name stands for one entry', () => {
  assert.deepEqual(checkEntryNames(named, 'outputs'), [])
  const [problem] = checkEntryNames([...named, { kind: 'tcp', config: { name: 'file-2' } }], 'outputs')
  assert.deepEqual(problem?.path, ['outputs', 2, 'tcp', 'name'])
  assert.match(problem?.message ?? '', /outputs\[1\]/)
})
