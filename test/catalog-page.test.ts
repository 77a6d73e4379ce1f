// The page of the catalogue: its tables are those of the code, its example is an entry without a mistake.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FACT_NAMES } from '../src/injection/catalogue/facts.ts'
import { FORMATS } from '../src/injection/catalogue/formats.ts'
import { KEYWORDS, MAX_ITEMS, MAX_LENGTH } from '../src/injection/catalogue/parameter-schema.ts'
import { readCatalogue } from '../src/injection/catalogue/read.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/catalog.md'), 'utf8')
const rows = page.split('\n').filter(line => line.startsWith('| `'))

test('the entry on the page is without a mistake', () => {
  const [, text = ''] = /```\n(apiVersion: .*?)```/s.exec(page) ?? []
  const { catalogue, problems } = readCatalogue([{ name: 'docs/catalog.md', text }])
  assert.deepEqual(problems, [])
  assert.equal(catalogue.entries[0]?.name, 'shipper')
})

test('each keyword of each type is on the page, and no other', () => {
  for (const [type, keywords] of Object.entries(KEYWORDS)) {
    const row = rows.find(line => line.split('|')[1]?.includes(`\`${type}\``)) ?? ''
    const told = Array.from(row.split('|')[2]!.matchAll(/`(\w+)`/g), ([, word]) => word)
    assert.deepEqual(told, keywords, type)
  }
})

test('each format is on the page with what it expects, and no other', () => {
  const table = page.slice(page.indexOf('| `format` |')).split('\n\n')[0]!
  const told = Array.from(table.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm), ([, name, text]) => [name, text])
  assert.deepEqual(
    told.slice(1).map(([name, text]) => [name, text?.replaceAll('`', '')]),
    Object.entries(FORMATS).map(([name, { expected }]) => [name, expected]),
  )
})

test('each fact, and the limits, are on the page', () => {
  for (const name of FACT_NAMES) assert.ok(page.includes(`\`${name}\``), name)
  assert.match(page, new RegExp(`at most ${MAX_LENGTH}\\s+characters, a list at most ${MAX_ITEMS} items`))
})
