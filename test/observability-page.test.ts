import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { jsonLines } from '../src/modules/proxy/observation/access-log/json-line.ts'
import { OPERATORS } from '../src/modules/proxy/observation/access-log/operators.ts'
import { fakeConclusion, fakeObserved } from '../src/modules/proxy/observation/observed-fake.ts'
import { Redaction } from '../src/modules/proxy/observation/redaction.ts'

const page = await readFile(join(dirname(import.meta.dirname), 'docs/observability.md'), 'utf8')
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text!)

test('docs/observability.md lists every operator of templates, with what it gives', () => {
  for (const [name, { about, argument }] of Object.entries(OPERATORS)) {
    const written = argument !== undefined && argument.optional !== true ? `${name}(X)` : name
    assert.ok(page.includes(`| \`%${written}%\` | ${about} |\n`), `${name}: ${about}`)
  }
})

test('a line of the access log has the fields that docs/observability.md shows', () => {
  const shown = blocks('json').map(text => JSON.parse(text))
  const observed = fakeObserved()
  observed.trailers = undefined
  const line = JSON.parse(jsonLines(new Redaction())(observed, fakeConclusion()))
  const example = shown.find(({ upstream_ms }) => upstream_ms !== undefined)
  assert.deepEqual(Object.keys(example), Object.keys(line))
})
