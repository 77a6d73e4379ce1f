// Our API for secrets beside a real server: the same requests, one after the other, must get the same answers.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { fakeHost } from '../../src/kernel/host-fake.ts'
import { openSecretsApi } from '../../src/modules/secrets/api/api.ts'
import { apiDeliveryConfig } from '../../src/modules/secrets/deliveries/api/config.ts'
import { StoreSource } from '../../src/modules/secrets/sources/store/source.ts'
import { generateKey } from '../../src/modules/secrets/store/key-sources.ts'
import { SecretStore } from '../../src/modules/secrets/store/store.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'

type Step = readonly [method: string, path: string, body?: unknown, contentType?: string]

const MERGE = 'application/merge-patch+json'
const db = 'secret/data/app/db'

/** Each is a life of its own; its steps build on each other. */
const lives: Readonly<Record<string, readonly Step[]>> = {
  'writing and reading versions': [
    ['GET', db],
    ['POST', db, { data: { a: 1, b: 'x', c: { d: [1, null, true] } } }],
    ['GET', db],
    ['PUT', db, { data: { a: 2 } }],
    ['GET', `${db}?version=1`],
    ['GET', `${db}?version=0`],
    ['GET', `${db}?version=7`],
    ['GET', `${db}?version=x`],
    ['GET', 'secret/metadata/app/db'],
    ['POST', db, { data: {} }],
    ['POST', db, { data: null }],
    ['GET', db],
  ],
  'bodies that cannot be used': [
    ['POST', db, { dat: {} }],
    ['POST', db, { data: 'x' }],
    ['POST', db, { data: [1] }],
    ['POST', db, []],
    ['POST', db],
    ['POST', 'secret/data/', { data: {} }],
    ['POST', 'secret/data/a/b/', { data: {} }],
    ['POST', 'secret/delete/app/db', {}],
    ['POST', 'secret/delete/app/db', { versions: ['x'] }],
    ['POST', 'secret/metadata/app/db', { max_versions: 'x' }],
    ['POST', 'secret/metadata/app/db', { delete_version_after: '-5s' }],
    ['GET', 'secret/metadata/app/db'],
  ],
  'check-and-set': [
    ['POST', db, { data: { a: 1 }, options: { cas: 1 } }],
    ['POST', db, { data: { a: 1 }, options: { cas: 0 } }],
    ['POST', db, { data: { a: 2 }, options: { cas: 0 } }],
    ['POST', db, { data: { a: 2 }, options: { cas: '1' } }],
    ['POST', db, { data: { a: 2 }, options: { cas: 'x' } }],
    ['POST', 'secret/metadata/app/db', { cas_required: true }],
    ['POST', db, { data: { a: 3 } }],
    ['PATCH', db, { data: { a: 3 } }, MERGE],
    ['PATCH', db, { data: { a: 3 }, options: { cas: 2 } }, MERGE],
    ['GET', db],
  ],
  'delete, undelete and destroy': [
    ['POST', db, { data: { a: 1 } }],
    ['POST', db, { data: { a: 2 } }],
    ['DELETE', db],
    ['GET', db],
    ['DELETE', db],
    ['PATCH', db, { data: { b: 1 } }, MERGE],
    ['GET', 'secret/subkeys/app/db'],
    ['POST', 'secret/undelete/app/db', { versions: [2] }],
    ['GET', db],
    ['POST', 'secret/delete/app/db', { versions: ['1', 2, 99] }],
    ['GET', 'secret/metadata/app/db'],
    ['PUT', 'secret/destroy/app/db', { versions: '1' }],
    ['POST', 'secret/undelete/app/db', { versions: [1, 2] }],
    ['GET', `${db}?version=1`],
    ['GET', `${db}?version=2`],
    ['GET', 'secret/subkeys/app/db?version=1'],
    ['POST', 'secret/destroy/nope', { versions: [1] }],
    ['POST', 'secret/delete/nope', { versions: [1] }],
    ['DELETE', 'secret/data/nope'],
    ['GET', 'secret/metadata/nope'],
    ['DELETE', 'secret/metadata/app/db'],
    ['GET', db],
    ['POST', db, { data: { a: 'anew' } }],
    ['DELETE', 'secret/metadata/nope'],
  ],
  'merge patches': [
    ['PATCH', 'secret/data/nope', { data: { a: 1 } }, MERGE],
    ['POST', db, { data: { a: 1, b: { c: 1, d: 2 }, e: [1] } }],
    ['PATCH', db, { data: { a: null, b: { c: null, x: { y: null, z: 1 } }, e: [2], f: {} } }, MERGE],
    ['GET', db],
    ['PATCH', db, { data: { a: 1 } }, 'application/json'],
    ['PATCH', db, {}, MERGE],
    ['GET', 'secret/subkeys/app/db'],
    ['GET', 'secret/subkeys/app/db?depth=1'],
    ['GET', 'secret/subkeys/app/db?depth=2'],
    ['GET', 'secret/subkeys/app/db?version=1'],
    ['GET', 'secret/subkeys/nope'],
  ],
  'metadata of a secret': [
    ['POST', 'secret/metadata/fresh', { custom_metadata: { a: 'b' } }],
    ['GET', 'secret/metadata/fresh'],
    ['GET', 'secret/data/fresh'],
    ['POST', 'secret/metadata/fresh', {}],
    [
      'POST',
      'secret/metadata/fresh',
      { max_versions: '2', delete_version_after: '1h30m', custom_metadata: { n: 1 } },
    ],
    ['GET', 'secret/metadata/fresh'],
    ['POST', 'secret/data/fresh', { data: { v: 1 } }],
    [
      'PATCH',
      'secret/metadata/fresh',
      { custom_metadata: { n: null, x: 'y' }, delete_version_after: '0s' },
      MERGE,
    ],
    ['PATCH', 'secret/metadata/nope', { custom_metadata: { a: 'b' } }, MERGE],
    ['POST', 'secret/data/fresh', { data: { v: 2 } }],
    ['POST', 'secret/data/fresh', { data: { v: 3 } }],
    ['POST', 'secret/data/fresh', { data: { v: 4 } }],
    ['GET', 'secret/metadata/fresh'],
    ['GET', 'secret/data/fresh?version=2'],
    ['GET', 'secret/data/fresh'],
  ],
  'the oldest versions go': [
    ...Array.from({ length: 12 }, (_, n): Step => ['POST', db, { data: { n } }]),
    ['GET', 'secret/metadata/app/db'],
    ['GET', `${db}?version=2`],
    ['GET', `${db}?version=3`],
    ['POST', 'secret/metadata/app/db', { max_versions: 3 }],
    ['POST', db, { data: { n: 13 } }],
    ['GET', 'secret/metadata/app/db'],
  ],
  lists: [
    ['LIST', 'secret/metadata'],
    ['POST', 'secret/data/a', { data: {} }],
    ['POST', 'secret/data/a/b', { data: {} }],
    ['POST', 'secret/data/a/c/d', { data: {} }],
    ['POST', 'secret/data/a%20b/c', { data: {} }],
    ['POST', 'secret/data/Z', { data: {} }],
    ['LIST', 'secret/metadata/'],
    ['LIST', 'secret/metadata/a'],
    ['LIST', 'secret/metadata/a/'],
    ['GET', 'secret/metadata?list=true'],
    ['GET', 'secret/metadata/a?list=true'],
    ['GET', 'secret/metadata/?list=true&limit=2'],
    ['LIST', 'secret/metadata/?after=a'],
    ['LIST', 'secret/metadata/a/b'],
    ['LIST', 'secret/metadata/nope'],
    ['LIST', 'secret/data/'],
    ['DELETE', 'secret/metadata/a'],
    ['LIST', 'secret/metadata/'],
  ],
  'settings of the engine': [
    ['GET', 'secret/config'],
    ['POST', 'secret/config', { max_versions: 2, delete_version_after: '3h' }],
    ['GET', 'secret/config'],
    ['POST', db, { data: { a: 1 } }],
    ['GET', db],
    ['POST', 'secret/config', { cas_required: true }],
    ['POST', db, { data: { a: 1 } }],
    ['POST', 'secret/config', { cas_required: false, max_versions: 0, delete_version_after: '0s' }],
    ['GET', 'secret/config'],
  ],
  'paths that lead nowhere': [
    ['GET', 'secret/app/db'],
    ['PUT', 'secret/app/db', { a: 1 }],
    ['DELETE', 'secret/app/db'],
    ['LIST', 'secret/app'],
    ['GET', 'secret/data'],
    ['GET', 'secret/data/'],
    ['PATCH', 'secret/data/', { data: {} }, MERGE],
    ['DELETE', 'secret/data/'],
    ['GET', 'secret/metadata/'],
    ['POST', 'secret/metadata/', { max_versions: 1 }],
    ['DELETE', 'secret/metadata/'],
    ['POST', 'secret/metadata/a/b/', { max_versions: 1 }],
    ['POST', 'secret/metadata', { max_versions: 1 }],
    ['POST', 'secret/delete/', { versions: [1] }],
    ['GET', 'secret/subkeys/'],
    ['GET', 'secret'],
    ['GET', 'secret/'],
    ['GET', 'nope/x'],
    ['POST', 'nope/x', {}],
    ['GET', 'secret/delete/app/db'],
    ['GET', 'secret/undelete/app/db'],
    ['GET', 'sys/internal/ui/mounts/nope/x'],
    ['POST', 'auth/token/renew-self', {}],
    ['BREW', db],
    ['HEAD', db],
  ],
  mounts: [
    ['GET', 'sys/internal/ui/mounts/secret/data/app'],
    ['GET', 'sys/internal/ui/mounts/secret'],
    ['GET', 'sys/mounts/secret'],
  ],
}

describe('the API for secrets answers as OpenBao does', { skip: missing('bao') }, () => {
  let bao: OpenBao
  before(async () => {
    bao = await startOpenBao()
  })
  after(() => bao?.stop())

  for (const [name, steps] of Object.entries(lives))
    test(name, async () => {
      await using ours = await served()
      await forgetAll(bao)
      for (const step of steps) {
        const [expected, got] = [
          await ask(bao.url, bao.rootToken, step),
          await ask(ours.url, ours.token, step),
        ]
        assert.deepEqual(got, expected, JSON.stringify(step))
      }
      await bao.request('POST', 'secret/config', {
        max_versions: 0,
        cas_required: false,
        delete_version_after: '0s',
      })
    })

  test('without a token, or with a wrong one, nothing is answered', async () => {
    await using ours = await served()
    for (const token of ['', 'bad'])
      for (const path of [db, 'secret/metadata/?list=true', 'sys/mounts', 'auth/token/lookup-self', 'nope'])
        assert.deepEqual(
          await ask(ours.url, token, ['GET', path]),
          await ask(bao.url, token, ['GET', path]),
          path,
        )
  })

  test('the facts of the token have the same fields', async () => {
    await using ours = await served()
    const fields = async (url: string, token: string) => {
      const { body } = await ask(url, token, ['GET', 'auth/token/lookup-self'])
      return Object.keys((body as { data: object }).data).sort()
    }
    assert.deepEqual(await fields(ours.url, ours.token), await fields(bao.url, bao.rootToken))
  })

  test('its own command line works with it', async () => {
    await using ours = await served()
    const env = { PATH: process.env['PATH'], HOME: ours.folder, BAO_ADDR: ours.url, BAO_TOKEN: ours.token }
    const run = async (...args: string[]) => (await promisify(execFile)('bao', args, { env })).stdout
    await run('kv', 'put', '-mount=secret', 'app/db', 'user=app', 'password=one')
    await run('kv', 'patch', 'secret/app/db', 'password=two')
    assert.equal(await run('kv', 'get', '-mount=secret', '-field=password', 'app/db'), 'two')
    assert.equal(await run('kv', 'get', '-version=1', '-field=password', 'secret/app/db'), 'one')
    assert.match(await run('kv', 'list', 'secret/'), /app\//)
    await run('kv', 'delete', 'secret/app/db')
    await run('kv', 'undelete', '-versions=2', 'secret/app/db')
    await run('kv', 'rollback', '-version=1', 'secret/app/db')
    const { data } = JSON.parse(await run('kv', 'get', '-format=json', 'secret/app/db'))
    assert.deepEqual(data.data, { user: 'app', password: 'one' })
    await run('kv', 'metadata', 'put', '-custom-metadata=owner=me', '-max-versions=3', 'secret/app/db')
    assert.match(await run('kv', 'metadata', 'get', 'secret/app/db'), /owner:me/)
    await run('kv', 'destroy', '-versions=1', 'secret/app/db')
    await run('kv', 'metadata', 'delete', 'secret/app/db')
    assert.match(await run('status'), /Sealed +false/)
    assert.match(await run('token', 'lookup'), /display_name +outrigger/)
  })
})

async function served() {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-kv-'))
  const host = fakeHost({ name: 'secrets', clock: systemClock() })
  const key = { kind: 'variable', name: 'KEY', value: generateKey() } as const
  const store = new SecretStore({ path: join(folder, 'store'), key, maxBytes: 2 ** 20, clock: host.clock })
  await store.create()
  const decoded = apiDeliveryConfig.decode({ listen: '127.0.0.1:0', token: 'the-token', writable: true })
  assert.ok(decoded.ok)
  const { address } = await openSecretsApi(decoded.value, new StoreSource(store, 'secret', Date.now), host)
  assert.ok('port' in address)
  return {
    folder,
    url: `http://127.0.0.1:${address.port}`,
    token: 'the-token',
    [Symbol.asyncDispose]: async () => {
      await host.close()
      await rm(folder, { recursive: true, maxRetries: 9 })
    },
  }
}

async function forgetAll(bao: OpenBao, folder = ''): Promise<void> {
  const { body } = await ask(bao.url, bao.rootToken, ['LIST', `secret/metadata/${folder}`])
  for (const key of (body as { data?: { keys: string[] } } | undefined)?.data?.keys ?? []) {
    if (key.endsWith('/')) await forgetAll(bao, `${folder}${encodeURIComponent(key.slice(0, -1))}/`)
    else await bao.request('DELETE', `secret/metadata/${folder}${encodeURIComponent(key)}`)
  }
}

async function ask(url: string, token: string, [method, path, body, contentType = 'application/json']: Step) {
  const answer = await fetch(`${url}/v1/${path}`, {
    method,
    headers: {
      ...(token && { 'x-vault-token': token }),
      ...(body !== undefined && { 'content-type': contentType }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    body: text === '' ? undefined : normal(JSON.parse(text)),
  }
}

/** What differs from one server, or moment, to the next. */
const OWN = new Set(['request_id', 'accessor', 'uuid', 'running_plugin_version'])
/** What OpenBao has added to Vault's answers. */
const ADDED = new Set(['current_metadata_version', 'metadata_cas_required'])

function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal)
  if (typeof value === 'string')
    return value
      .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/, '<time>')
      .replace(/OpenBao CLI, use 'bao /, "Vault CLI, use 'vault ")
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !ADDED.has(key))
      .map(([key, inner]) => [key, OWN.has(key) ? `<${key}>` : normal(inner)]),
  )
}
