// docs/injection.md names every annotation, reason and finding that there is.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { KEYS } from '../../src/injection/kubernetes/vocabulary.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const page = read('docs/injection.md')
const folder = 'src/injection/kubernetes'
const sources = globSync(`${folder}/**/*.ts`, { cwd: root })
  .filter(path => !/[.-](test|fake)\.ts$/.test(path))
  .map(read)
  .join('\n')

const told = [
  [...read(`${folder}/injection.ts`).matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)],
  [...sources.matchAll(/(?:tell|finding)\(\s*(?:'(?:error|warning|info)',\s*)?'([a-z]+(?:-[a-z]+)+)'/g)],
].map(matches => new Set(matches.map(([, name]) => name!)))

for (const [what, names, atLeast] of [
  ['annotation', new Set(Object.keys(KEYS)), 6],
  ['reason', told[0]!, 20],
  ['finding', told[1]!, 20],
] as const)
  test(`every ${what} stands on the page of injection`, () => {
    assert.ok(names.size >= atLeast, `only ${names.size} were found in the sources`)
    assert.deepEqual(
      [...names].filter(name => !page.includes(`\`${name}\``)),
      [],
    )
  })
