import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { applyToText } from '../../manifests/edit/edit.ts'
import { isObject, type Json, pointer } from '../../manifests/json.ts'
import { readManifests } from '../../manifests/read.ts'
import { applyPatch, type PatchOperation } from '../../wire/json-patch/patch.ts'
import { linted, lintedFile } from '../lint-fake.ts'
import type { Report } from '../report.ts'
import { checks } from './index.ts'

describe('the checks', () => {
  it('are all in the table, in the order of their ids, each in a file of its name', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter(name =>
      /^sc\d{3}-.*(?<!\.test)\.ts$/.test(name),
    )
    assert.deepEqual(
      checks.map(({ id, name }) => `${id.toLowerCase()}-${name}.ts`),
      files.sort(),
    )
  })

  for (const { id, name, bad, good, title, why, mend } of checks) {
    it(`${id} ${name} finds its bad example, and nothing in its good one`, () => {
      const [found, clean] = [bad, good].map(text => linted(text))
      assert.deepEqual([...found!.problems, ...clean!.problems], [])
      assert.ok(found!.subjects > 0 && clean!.subjects > 0, 'the examples are workloads')
      const own = found!.findings.filter(({ check }) => check === id)
      assert.ok(own.length > 0, `nothing is found in\n${bad}`)
      assert.ok(
        own.every(({ position }) => position.line > 1),
        'the place is that of what is wrong, not of the document',
      )
      assert.deepEqual(
        clean!.findings.filter(({ check }) => check === id),
        [],
        good,
      )
    })
    it(`${id} ${name} survives any other type at each place of its examples`, () => {
      const check = checks.find(each => each.id === id)!
      for (const file of [readManifests('', bad), readManifests('', good)])
        for (const [index, document] of file.documents.entries())
          for (const value of mutants(document.value))
            lintedFile(
              { ...file, documents: file.documents.with(index, { ...document, value }) },
              { checks: [check] },
            )
    })
    it(`${id} ${name} is gone once what it mends is mended`, () => {
      const file = readManifests('', bad)
      const own = (report: Report) => report.findings.filter(({ check }) => check === id)
      for (const { fix, document: index, fingerprint, subject } of own(lintedFile(file))) {
        if (fix === undefined) continue
        const document = file.documents[index]!
        const patch = fix.map(each => ({ ...each, path: pointer(each.path) }) as PatchOperation)
        const mended = readManifests('', applyToText(file, [{ document, patch }]))
        assert.deepEqual(mended.problems, [])
        assert.deepEqual(mended.documents[index]!.value, applyPatch(document.value, patch))
        const left = own(lintedFile(mended)).filter(each => each.subject === subject)
        assert.ok(left.every(each => each.fingerprint !== fingerprint || each.fix === undefined))
      }
    })
    it(`${id} ${name} is told in sentences`, () => {
      assert.match(title, /^[A-Z][^\n]*[^.]$/)
      for (const text of [why, mend]) assert.match(text, /^[A-Z`][^\n]*\.$/)
    })
  }
})

/** The value with each of its parts in turn replaced by something of every other type. */
function* mutants(value: Json): Generator<Json> {
  yield* [null, 0, -1.5, true, '', 'a', [], {}, [null], [[{}]], { name: 1, a: [null] }] satisfies Json[]
  if (Array.isArray(value))
    for (const [index, item] of value.entries())
      for (const other of mutants(item)) yield value.with(index, other)
  else if (isObject(value))
    for (const [key, item] of Object.entries(value))
      for (const other of mutants(item)) yield { ...value, [key]: other }
}
