// Each *.txt holds manifests as people have them, a line `=== report`, and what the linter says of them for a new cluster
// with the catalogue that comes with the product. UPDATE_GOLDEN=1 rewrites what is expected.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checks } from '../../../src/lint/checks/index.ts'
import { lintedFile } from '../../../src/lint/lint-fake.ts'
import { text } from '../../../src/lint/outputs/text.ts'
import { readManifests } from '../../../src/manifests/read.ts'
import { ownCatalogue } from '../../injection/own-catalogue.ts'

const here = import.meta.dirname
const SEPARATOR = '\n=== report\n'
const catalogue = ownCatalogue()

for (const name of readdirSync(here)
  .filter(file => file.endsWith('.txt'))
  .sort())
  test(name.replace('.txt', '').replaceAll('-', ' '), () => {
    const [input = '', expected] = readFileSync(join(here, name), 'utf8').split(SEPARATOR)
    const file = readManifests('manifest.yaml', input)
    const report = lintedFile(file, { catalogue })
    const actual = text({ report, files: [file], checks, version: '0', color: false })
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(join(here, name), `${input}${SEPARATOR}${actual}`)
    else assert.equal(actual, expected)
  })
