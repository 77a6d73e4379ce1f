import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { missing } from '../../../test/fakes/programs.ts'
import { unifiedDiff } from './unified-diff.ts'

const names = { before: 'a/f', after: 'b/f' }

const cases: readonly (readonly [what: string, before: string, after: string, diff: string])[] = [
  ['nothing', 'a\n', 'a\n', ''],
  ['a line added', 'a\nb\n', 'a\nx\nb\n', '@@ -1,2 +1,3 @@\n a\n+x\n b\n'],
  ['a line removed', 'a\nb\n', 'a\n', '@@ -1,2 +1 @@\n a\n-b\n'],
  ['all of it', '', 'a\n', '@@ -0,0 +1 @@\n+a\n'],
  ['the end of the last line', 'a', 'a\n', '@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n'],
  [
    'places that are far apart',
    '1\n2\n3\n4\n5\n6\n7\n8\n9\n',
    'x\n1\n2\n3\n4\n5\n6\n7\n8\n9\ny\n',
    '@@ -1,3 +1,4 @@\n+x\n 1\n 2\n 3\n@@ -7,3 +8,4 @@\n 7\n 8\n 9\n+y\n',
  ],
]
for (const [what, before, after, diff] of cases)
  test(`the difference shows ${what}`, () =>
    assert.equal(unifiedDiff(before, after, names), diff === '' ? '' : `--- a/f\n+++ b/f\n${diff}`))

test('git makes the second text of the first with it', { skip: missing('git') }, t => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-diff-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 9 }))
  const line = fc.constantFrom('a', 'b', 'c', '', ' d', '\\')
  const text = fc
    .tuple(fc.array(line, { minLength: 1, maxLength: 30 }), fc.constantFrom('\n', 'end'))
    .map(([lines, end]) => lines.join('\n') + end)
  fc.assert(
    fc.property(text, text, (before, after) => {
      const diff = unifiedDiff(before, after, names)
      if (before === after) return assert.equal(diff, '')
      writeFileSync(join(folder, 'f'), before)
      const git = spawnSync('git', ['apply', '--whitespace=nowarn', '-'], {
        cwd: folder,
        input: diff,
        encoding: 'utf8',
      })
      assert.equal(git.stderr, '')
      assert.equal(readFileSync(join(folder, 'f'), 'utf8'), after, diff)
    }),
    { numRuns: 100 },
  )
})

test('texts that have nothing in common are compared in a moment', () => {
  const lines = (prefix: string) => Array.from({ length: 20_000 }, (_, i) => `${prefix}${i}\n`).join('')
  assert.equal(unifiedDiff(lines('a'), lines('b'), names).split('\n').length, 40_004)
})
