import assert from 'node:assert/strict'
import { matchesGlob as oracle } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { globProblem, matchesGlob, parseExclude, parseGlob } from './glob.ts'

const cases: readonly [pattern: string, path: string, matches: boolean][] = [
  ['/var/log/app.log', '/var/log/app.log', true],
  ['/var/log/app.log', '/var/log/app_log', false],
  ['/var/log/*.log', '/var/log/app.log', true],
  ['/var/log/*.log', '/var/log/app.log.1', false],
  ['/var/log/*.log', '/var/log/deep/app.log', false],
  ['/var/log/*', '/var/log/.hidden', false],
  ['/var/log/.*', '/var/log/.hidden', true],
  ['/var/log/app.log*', '/var/log/app.log', true],
  ['/var/log/?.log', '/var/log/a.log', true],
  ['/var/log/?.log', '/var/log/ab.log', false],
  ['/var/log/[a-c].log', '/var/log/b.log', true],
  ['/var/log/[!a-c].log', '/var/log/b.log', false],
  ['/var/log/[^a-c].log', '/var/log/d.log', true],
  ['/var/log/[]x].log', '/var/log/].log', true],
  ['/var/log/[.log', '/var/log/[.log', true],
  ['/var/log/{app,web}.log', '/var/log/web.log', true],
  ['/var/log/{app,web}.log', '/var/log/db.log', false],
  ['/var/{log/{a,b},tmp}/x', '/var/log/b/x', true],
  ['/var/{log/{a,b},tmp}/x', '/var/tmp/x', true],
  ['/var/log/{app}.log', '/var/log/{app}.log', true],
  ['/var/**/x.log', '/var/x.log', true],
  ['/var/**/x.log', '/var/a/b/c/x.log', true],
  ['/var/**/x.log', '/var/a/b/c/y.log', false],
  ['/var/**', '/var/a/b', true],
  ['/var/**/**/x', '/var/x', true],
  ['/var/a+(b).log', '/var/a+(b).log', true],
  ['/var/\\*.log', '/var/*.log', true],
  ['/var/\\*.log', '/var/a.log', false],
  ['/var//log/../log/a', '/var/log/a', true],
]

for (const [pattern, path, matches] of cases) {
  test(`${pattern} ${matches ? 'matches' : 'does not match'} ${path}`, () => {
    assert.equal(
      parseGlob(pattern).some(glob => matchesGlob(glob, path)),
      matches,
    )
  })
}

test('an exclusion without a slash is held against the name', () => {
  const globs = parseExclude('*.gz')
  assert.ok(globs.some(glob => matchesGlob(glob, '/var/log/deep/app.gz')))
  assert.ok(!globs.some(glob => matchesGlob(glob, '/var/log/app.gz/file')))
})

test('too many combinations of braces are refused', () => {
  assert.throws(() => parseGlob(`/${'{a,b}'.repeat(11)}`), RangeError)
})

test('agrees with path.matchesGlob on names of letters, dots and wildcards', () => {
  const piece = fc.constantFrom('a', 'b', '.', '*', '?', '[ab]', '{a,b}', '{a,*b}')
  const segment = fc.oneof(
    fc.array(piece, { minLength: 1, maxLength: 4 }).map(all => all.join('')),
    fc.constant('**'),
  )
  const name = fc.stringMatching(/^[ab.]{1,4}$/).filter(text => !/^\.+$/.test(text))
  const pattern = fc
    .array(segment, { minLength: 1, maxLength: 3 })
    .filter(all => !all.some(text => /^\.+$/.test(text)) && all.at(-1) !== '**')
  fc.assert(
    fc.property(pattern, fc.array(name, { minLength: 1, maxLength: 4 }), (segments, names) => {
      // Leading dots differ on purpose.
      if (names.some(text => text.startsWith('.'))) return
      const path = `/${names.join('/')}`
      const source = `/${segments.join('/')}`
      assert.equal(
        parseGlob(source).some(glob => matchesGlob(glob, path)),
        oracle(path, source),
      )
    }),
    { numRuns: 2000 },
  )
})

test('tells which pattern has too many combinations of braces', () => {
  assert.equal(globProblem('/var/log/{a,b}/*.log'), undefined)
  assert.match(globProblem('/{a,b,c,d}'.repeat(6))!, /more than 1000 combinations/)
})
