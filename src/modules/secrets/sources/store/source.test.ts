import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { generateKey } from '../../store/key-sources.ts'
import { SecretStore } from '../../store/store.ts'
import type { SourceFailure } from '../source.ts'
import { checkStoreSource, storeSourceConfig } from './config.ts'
import { StoreSource, storePath } from './source.ts'

let folder = ''
let nowMs = Date.UTC(2026, 0, 2)
const key = { kind: 'variable', name: 'KEY', value: generateKey() } as const
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-store-'))
  nowMs = Date.UTC(2026, 0, 2)
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 9 }))

const storeAt = () =>
  new SecretStore({ path: join(folder, 'secrets.store'), key, maxBytes: 2 ** 20, clock: systemClock() })

async function sourceOf(...values: readonly string[]) {
  const store = storeAt()
  await store.create()
  for (const value of values)
    await store.update(content => content.put('app/db', new Map([['password', value]]), nowMs))
  return new StoreSource(storeAt(), 'secret', () => nowMs)
}

for (const path of ['secret/data/app/db', 'secret/app/db', 'app/db', '/app/db/'])
  test(`${path} names the secret, in the shape that Vault gives it`, async () => {
    const source = await sourceOf('one', 'two')
    const value = await source.fetch({ path })
    assert.equal(value.data.get('password'), 'two')
    assert.equal((value.document.get('data') as ReadonlyMap<string, unknown>).get('password'), 'two')
    const metadata = value.document.get('metadata') as ReadonlyMap<string, unknown>
    assert.deepEqual(
      ['created_time', 'version', 'deletion_time', 'destroyed'].map(name => String(metadata.get(name))),
      ['2026-01-02T00:00:00Z', '2', '', 'false'],
    )
    assert.deepEqual(value.timing, { kind: 'watched' })
    assert.deepEqual(await source.list('secret/metadata'), ['app/'])
    assert.deepEqual(await source.list('app'), ['db'])
  })

const places: [string, string][] = [
  ['secret', ''],
  ['secret/metadata/', ''],
  ['secret/data', ''],
  ['secrets/a', 'secrets/a'],
  ['data/a', 'data/a'],
  ['secret/database', 'database'],
]
for (const [path, place] of places)
  test(`${path} is ${place || 'the root'} in the store`, () => assert.equal(storePath(path, 'secret'), place))

test('a version can be asked for; a deleted one is missing', async () => {
  const source = await sourceOf('one', 'two')
  assert.equal((await source.fetch({ path: 'app/db', version: 1 })).data.get('password'), 'one')
  await storeAt().update(content => content.delete('app/db', nowMs, [1]))
  const failing = [
    [{ path: 'app/db', version: 1 }, /version 1 of app\/db in .* was deleted/],
    [{ path: 'app/db', version: 9 }, /has no version 9 of app\/db/],
    [{ path: 'app/other' }, /has no app\/other; outrigger secrets list/],
  ] as const
  for (const [request, message] of failing)
    await assert.rejects(source.fetch(request), (error: SourceFailure) => {
      assert.match(error.message, message)
      assert.equal(error.reason, 'missing')
      return true
    })
})

test('a version that will be deleted ends then', async () => {
  const source = await sourceOf()
  await storeAt().update(content => {
    content.settings.deleteAfterMs = 5000
    content.put('app/db', new Map([['password', 'short']]), nowMs)
  })
  const { timing } = await source.fetch({ path: 'app/db' })
  assert.deepEqual(timing, { kind: 'expires', atMs: nowMs + 5000, fromMs: nowMs })
  nowMs += 5000
  await assert.rejects(source.fetch({ path: 'app/db' }), /was deleted/)
})

test("another process's write is seen by all who watch, and by none who has left", async () => {
  await using scope = new AsyncDisposableStack()
  const source = scope.use(await sourceOf('one'))
  await source.fetch({ path: 'app/db' })
  const seen = Promise.withResolvers<void>()
  const left = source.watch({ path: 'app/db' }, () => assert.fail('it has left'))
  scope.use(source.watch({ path: 'app/db' }, () => seen.resolve()))
  left[Symbol.dispose]()
  await storeAt().update(content => content.put('app/db', new Map([['password', 'two']]), nowMs))
  await seen.promise
  assert.equal((await source.fetch({ path: 'app/db' })).data.get('password'), 'two')
})

test('a store that cannot be opened fails its secrets, and says so in its health until it can', async () => {
  const source = new StoreSource(storeAt(), 'secret', () => nowMs)
  await assert.rejects(source.fetch({ path: 'a' }), (error: SourceFailure) => {
    assert.match(error.message, /there is no .*secrets\.store/)
    assert.equal(error.reason, 'missing')
    return true
  })
  assert.equal(source.health().state, 'failed')
  await storeAt().create()
  assert.deepEqual(await source.list(''), [])
  assert.equal(source.health().state, 'ok')
})

const configs: [unknown, RegExp | undefined][] = [
  [{ keyFile: 'k' }, undefined],
  [{ keyVariable: 'K' }, undefined],
  [{}, /expected one of keyFile, keyVariable and passphrase, got none/],
  [{ keyFile: 'k', passphrase: 'p' }, /got 2/],
]
for (const [given, expected] of configs)
  test(`the options ${JSON.stringify(given)} are ${expected ? 'refused' : 'taken'}`, () => {
    const decoded = storeSourceConfig.decode(given)
    assert.ok(decoded.ok)
    const message = checkStoreSource(decoded.value)[0]?.message
    if (expected === undefined) assert.equal(message, undefined)
    else assert.match(String(message), expected)
  })
