// The laws of injection into Compose files, over generated files: each is checked by our own strict schema, and all of them
// by Compose's own loader where there is a Go to build it.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after as afterAll, describe, it } from 'node:test'
import fc from 'fast-check'
import { fakeCatalogue } from '../../src/injection/compose/catalogue-fake.ts'
import { injectCompose } from '../../src/injection/compose/injector.ts'
import { FIELDS_OF_NETWORK } from '../../src/injection/compose/network.ts'
import { dependenciesOf, pairsOf, servicesOf } from '../../src/injection/compose/project.ts'
import { circles, startOrder } from '../../src/injection/compose/start-order.ts'
import { STATUS_KEY } from '../../src/injection/compose/status.ts'
import { uninjectCompose } from '../../src/injection/compose/uninject.ts'
import { at, type Json, type JsonObject } from '../../src/manifests/json.ts'
import { applyPatch } from '../../src/wire/json-patch/patch.ts'
import { composeFiles } from './generate.ts'
import { buildLoader, verdicts } from './loader.ts'
import { composeViolations } from './schema.ts'

const RUNS = 5000
/** Of them for what takes its time. */
const LOADED = process.env['OUTRIGGER_LONG_TESTS'] === '1' ? RUNS : 1000
const SEED = 20260801
const catalogue = fakeCatalogue()

const injected = (document: Json): JsonObject =>
  applyPatch(document, injectCompose(document, catalogue).patch) as JsonObject
const uninjected = (document: Json): JsonObject =>
  applyPatch(document, uninjectCompose(document).patch) as JsonObject

const documents = fc.sample(composeFiles(), { numRuns: RUNS, seed: SEED })
const after = documents.map(injected)

describe('injection into Compose files', () => {
  const laws: Readonly<Record<string, (document: JsonObject, after: JsonObject, index: number) => void>> = {
    'is idempotent'(_, after) {
      assert.deepEqual(injectCompose(after, catalogue).patch, [])
    },
    'can be undone value for value'(document, after) {
      assert.deepEqual(uninjected(after), document)
    },
    'adds to what the user wrote, and keeps every word of it'(document, after) {
      assertKept(document, after)
    },
    'keeps a valid file valid'(document, after) {
      if (composeViolations(document).length === 0) assert.deepEqual(composeViolations(after), [])
    },
    'makes no circle in the start order'(_, after) {
      assert.deepEqual(circles(startOrder(after)), [])
    },
    'gives the same bytes again, and leaves the document that it is given alone'(document, after) {
      const text = JSON.stringify(document)
      assert.equal(JSON.stringify(injected(JSON.parse(text))), JSON.stringify(after))
      assert.equal(JSON.stringify(document), text)
    },
    'comes to the same whether a service asked at first or later'(document, after, index) {
      if (index >= LOADED) return
      const [name] = Object.keys(servicesOf(document))
      const path = `/services/${name}/x-outrigger`
      const asking = (of: Json) =>
        applyPatch(of, [{ op: 'add', path, value: { inject: 'logs' } }]) as JsonObject
      const [later, first] = [injected(asking(after)), injected(asking(document))]
      // What a service that fails keeps from an earlier round is its own matter.
      if (failures(first) === 0 && failures(later) === 0) assert.deepEqual(later, first)
    },
  }
  for (const [law, holds] of Object.entries(laws))
    it(law, () => {
      try {
        for (const [index, document] of documents.entries()) holds(document, after[index]!, index)
      } catch {
        // The smallest file that breaks the law.
        fc.assert(
          fc.property(composeFiles(), document => holds(document, injected(document), 0)),
          {
            numRuns: RUNS,
            seed: SEED,
          },
        )
      }
    })

  it('never throws, whatever stands where Compose wants something else', () => {
    const keys = [
      'labels',
      'depends_on',
      'volumes',
      'environment',
      'ports',
      'networks',
      'extends',
      'volumes_from',
    ]
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<unknown>('', [], {}, [null], { a: null }),
    )
    const service = fc.dictionary(fc.constantFrom(...keys, 'network_mode', 'profiles', 'deploy'), odd)
    const document = fc.record({
      services: fc.dictionary(fc.constantFrom('web', 'api', '__proto__', 'constructor'), service),
      [STATUS_KEY]: fc.option(odd, { nil: undefined }),
    })
    fc.assert(
      fc.property(document, fc.constantFrom('logs', 'proxy', 'logs,proxy,writer'), (value, inject) => {
        const document = JSON.parse(JSON.stringify(value)) as Json
        const { patch } = injectCompose(document, catalogue, { inject })
        const result = applyPatch(document, patch) as Json
        applyPatch(result, uninjectCompose(result).patch)
      }),
      { numRuns: 3000, seed: SEED },
    )
  })
})

// Where there is no Go to build it, or nowhere to get its modules from, its tests do not exist.
const folder = await mkdtemp(join(tmpdir(), 'outrigger-compose-'))
const loader = await buildLoader(join(folder, 'loader'))
if (loader === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 9 })
else lookWithLoader(loader)

function lookWithLoader(loader: string): void {
  describe("Compose's own loader", () => {
    afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

    it('takes every file after injection that it took before', { timeout: 240_000 }, async t => {
      const said = await verdicts(loader, [...documents.slice(0, LOADED), ...after.slice(0, LOADED)])
      assert.equal(said.length, 2 * LOADED)
      const valid = documents.slice(0, LOADED).flatMap((_, index) => (said[index] === 'ok' ? [index] : []))
      assert.ok(
        valid.length > LOADED / 2,
        `${valid.length} of ${LOADED} files are valid: ${said.find(each => each !== 'ok')}`,
      )
      const changed = valid.filter(index => after[index] !== documents[index])
      assert.ok(changed.length > LOADED / 4)
      for (const index of valid)
        assert.equal(
          said[LOADED + index],
          'ok',
          `${said[LOADED + index]}: ${JSON.stringify(documents[index])}`,
        )
      t.diagnostic(`${valid.length} valid files, ${changed.length} of them changed`)
    })

    it('says the same of files as our schema', { timeout: 120_000 }, async () => {
      const wrong: readonly JsonObject[] = [
        { services: { a: { image: 'x', imge: 'y' } } },
        { services: { a: { image: 'x', depends_on: { b: {} } }, b: { image: 'x' } } },
        { services: { a: { image: 'x', volumes: [{ target: '/x' }] } } },
        { services: { a: { image: 'x', healthcheck: { tests: [] } } } },
        { services: { a: { image: 'x' } }, volume: {} },
        { services: { 'a b': { image: 'x' } } },
      ]
      for (const [index, said] of (await verdicts(loader, wrong)).entries()) {
        assert.notEqual(said, 'ok', JSON.stringify(wrong[index]))
        assert.notDeepEqual(composeViolations(wrong[index]), [], JSON.stringify(wrong[index]))
      }
    })
  })
}

function failures(document: Json): number {
  return injectCompose(document, catalogue).status.filter(
    ({ outcome }) => outcome === 'failed' || outcome === 'skipped',
  ).length
}

/** Of the user's services every key is as it was; lists and mappings may have more. What was moved stands in the holder. */
function assertKept(before: JsonObject, after: JsonObject): void {
  for (const [key, value] of Object.entries(before)) {
    if (key === 'services') continue
    if (key === 'volumes' || key === 'configs') assertWithin(value, after[key])
    else assert.deepEqual(after[key], value)
  }
  for (const [name, service] of Object.entries(servicesOf(before))) {
    const now = at(after, ['services', name]) as JsonObject
    const moved = at(after, [STATUS_KEY, 'services', name, 'changes', name, 'moved'])
    for (const [key, value] of Object.entries(service)) {
      if (moved !== undefined && FIELDS_OF_NETWORK.includes(key))
        assertWithin(value, at(after, ['services', `${name}-network`, key]))
      else if (key === 'environment') assertWithin(pairsOf(value), pairsOf(now[key]))
      else if (key === 'depends_on')
        for (const [on, condition] of dependenciesOf(service))
          assert.equal(dependenciesOf(now).get(on), condition)
      else if (key === 'volumes' || key === 'ports')
        assert.deepEqual((now[key] as Json[]).slice(0, (value as Json[]).length), value)
      else assert.deepEqual(now[key], value)
    }
  }
}

function assertWithin(part: Json | undefined, whole: Json | undefined): void {
  if (typeof part !== 'object' || part === null) {
    if (part !== null) assert.deepEqual(whole, part)
    return
  }
  if (Array.isArray(part)) {
    const there = Array.isArray(whole) ? whole : Object.keys(whole as object)
    for (const item of part) assert.ok(there.some(each => JSON.stringify(each) === JSON.stringify(item)))
    return
  }
  for (const [key, value] of Object.entries(part)) assertWithin(value, at(whole, [key]))
}
