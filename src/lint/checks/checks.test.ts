import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { linted } from '../lint-fake.ts'
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
    it(`${id} ${name} is told in sentences`, () => {
      assert.match(title, /^[A-Z][^\n]*[^.]$/)
      for (const text of [why, mend]) assert.match(text, /^[A-Z`][^\n]*\.$/)
    })
  }
})
