import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import type { Value } from '../../../../wire/gotemplate/value.ts'
import { SecretValue } from '../../secret/value.ts'
import { checkBases } from '../bases.ts'
import { sourceSchema } from '../kinds.ts'
import { type SecretRequest, type SecretSource, SourceFailure } from '../source.ts'
import { checkTransitSource, transitSourceConfig } from './config.ts'
import { openTransitSource } from './source.ts'

const never = new AbortController().signal
const encrypted = (text: string | Buffer, version = 1) =>
  `vault:v${version}:x${Buffer.from(text).toString('base64')}`

/** A server whose ciphertexts are base64 behind an x, but for those of version 9; it keeps what it was asked. */
class Server implements SecretSource {
  readonly asked: SecretRequest[] = []
  failure: SourceFailure | undefined
  answer: ((ciphertexts: readonly string[]) => Value) | undefined

  async fetch(request: SecretRequest): Promise<SecretValue> {
    this.asked.push(request)
    if (this.failure !== undefined) throw this.failure
    const items = request.write!.get('batch_input') as ReadonlyMap<string, string>[]
    const ciphertexts = items.map(item => item.get('ciphertext')!)
    const results = this.answer?.(ciphertexts) ?? ciphertexts.map(resultOf)
    return new SecretValue({ data: new Map([['batch_results', results]]), timing: { kind: 'static' } })
  }

  health() {
    return { ready: true, state: 'ok' } as const
  }
}

function resultOf(ciphertext: string): ReadonlyMap<string, string> {
  const [, version, sealed = ''] = ciphertext.split(':')
  return new Map(version === 'v9' ? [['error', 'version is too new']] : [['plaintext', sealed.slice(1)]])
}

async function world(t: TestContext, content: string, given: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-transit-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const path = join(folder, 'secrets.yaml')
  await writeFile(path, content)
  const server = new Server()
  const host = fakeHost()
  t.after(() => host.close())
  const inner = (given as { inner?: SecretSource }).inner
  const { inner: _, ...options } = given as Record<string, unknown>
  const decoded = transitSourceConfig.decode({
    key: 'shop',
    ...(inner === undefined ? { path } : { from: 'inner' }),
    ...options,
  })
  assert.ok(decoded.ok)
  const source = openTransitSource(decoded.value, {
    ...host,
    name: 'transit',
    key: 'secrets.sources[1].transit',
    bases: new Map<string, SecretSource>([
      ['source', server],
      ...(inner === undefined ? [] : ([['from', inner]] as const)),
    ]),
    random: () => 0.5,
    measure: { login: () => {} },
  })
  return { server, host, source, path }
}

test('all that a file holds is decrypted by one request, however many ask; what is plain stays so', async t => {
  const { server, source } = await world(
    t,
    `
app: { user: joe, password: '${encrypted('of-the-app')}', again: '${encrypted('of-the-app')}' }
list: ['${encrypted('first')}', 2, true, null]
text: |
  ${encrypted('with a line end')}
bytes: '${encrypted(Buffer.from([255, 254]))}'
empty: '${encrypted('')}'
almost: 'not vault:v1:AAAA'
`,
  )
  const [app, all] = await Promise.all([
    source.fetch({ path: 'app' }, never),
    source.fetch({ path: 'all' }, never),
  ])
  assert.deepEqual(Object.fromEntries(app.data), {
    user: 'joe',
    password: 'of-the-app',
    again: 'of-the-app',
  })
  assert.equal((all.data.get('list') as Value[])[0], 'first')
  assert.equal(all.data.get('text'), 'with a line end')
  assert.deepEqual(all.data.get('bytes'), new Uint8Array([255, 254]))
  assert.equal(all.data.get('empty'), '')
  assert.equal(all.data.get('almost'), 'not vault:v1:AAAA')
  assert.deepEqual(await source.list!('', never), ['almost', 'app/', 'bytes', 'empty', 'list', 'text'])
  assert.equal(server.asked.length, 1)
  assert.equal(server.asked[0]!.path, 'transit/decrypt/shop')
  assert.equal((server.asked[0]!.write!.get('batch_input') as unknown[]).length, 5)
})

test('more than fit into a request are several', async t => {
  const lines = Array.from({ length: 2500 }, (_, n) => `k${n}: ${encrypted(`value ${n}`)}`)
  const { server, source } = await world(t, lines.join('\n'))
  const { data } = await source.fetch({ path: 'all' }, never)
  assert.equal(data.get('k2499'), 'value 2499')
  assert.equal(server.asked.length, 3)
})

test('a file without encrypted values asks nobody', async t => {
  const { server, source } = await world(t, 'a: b')
  assert.equal((await source.fetch({ path: 'all' }, never)).data.get('a'), 'b')
  assert.equal(server.asked.length, 0)
})

test('the context of a derived key goes with every value, a mount may have slashes', async t => {
  const { server, source } = await world(t, `a: ${encrypted('b')}`, {
    mount: 'team/transit/',
    context: 'c2hvcA==',
  })
  await source.fetch({ path: 'all' }, never)
  assert.equal(server.asked[0]!.path, 'team/transit/decrypt/shop')
  const [item] = server.asked[0]!.write!.get('batch_input') as ReadonlyMap<string, string>[]
  assert.equal(item!.get('context'), 'c2hvcA==')
})

test('what the server does not decrypt is named by its place, and never shown', async t => {
  const bad = encrypted('x', 9)
  const { source } = await world(
    t,
    `app: { good: '${encrypted('planted')}', bad: '${bad}', list: ['${bad}1', '${bad}2', '${bad}3'] }`,
  )
  await assert.rejects(source.fetch({ path: 'app' }, never), (error: SourceFailure) => {
    assert.equal(error.reason, 'invalid')
    assert.match(
      error.message,
      /secrets\.yaml: the key shop of transit does not decrypt app\.bad \(version is too new\), app\.list\.0 \(.*\), app\.list\.1 \(.*\) and 1 more$/,
    )
    assert.doesNotMatch(error.message, /planted|vault:v/)
    return true
  })
  assert.equal(source.health().state, 'failed')
})

test('a server that is away is told as that, and asked again by the next one', async t => {
  const { server, source } = await world(t, `a: ${encrypted('b')}`)
  server.failure = new SourceFailure('unavailable', 'nobody there')
  await assert.rejects(source.fetch({ path: 'all' }, never), { reason: 'unavailable' })
  server.failure = undefined
  assert.equal((await source.fetch({ path: 'all' }, never)).data.get('a'), 'b')
  assert.equal(source.health().state, 'ok')
})

const strange: [string, Value][] = [
  ['no list', 'x'],
  ['a list that is too short', []],
]
for (const [what, answer] of strange)
  test(`${what} is no answer of a transit engine`, async t => {
    const { server, source } = await world(t, `a: ${encrypted('b')}`)
    server.answer = () => answer
    await assert.rejects(source.fetch({ path: 'all' }, never), /not that of a transit engine/)
  })

test('values of another source keep their times, their lists and their changes', async t => {
  const listeners: (() => void)[] = []
  const document = new Map([['data', new Map([['password', encrypted('of-the-app')]])]])
  const inner: SecretSource = {
    fetch: async () =>
      new SecretValue({
        data: document.get('data')!,
        document,
        timing: { kind: 'static', askAfterMs: 1234 },
        version: '7',
      }),
    list: async () => ['app'],
    watch: (_request, changed) => {
      listeners.push(changed)
      return { [Symbol.dispose]: () => {} }
    },
    intervalMs: 5000,
    health: () => ({ ready: true, state: 'degraded', message: 'of its own' }),
  }
  const { server, source } = await world(t, '', { inner })
  const value = await source.fetch({ path: 'app' }, never)
  assert.equal(value.data.get('password'), 'of-the-app')
  assert.equal((value.document.get('data') as ReadonlyMap<string, Value>).get('password'), 'of-the-app')
  assert.deepEqual(value.timing, { kind: 'static', askAfterMs: 1234 })
  assert.equal(value.version, '7')
  assert.deepEqual(await source.list!('', never), ['app'])
  assert.equal(source.intervalMs, 5000)
  assert.equal(source.health().state, 'degraded')
  let calls = 0
  source.watch!({ path: 'app' }, () => void calls++)
  listeners[0]!()
  assert.equal(calls, 1)
  server.failure = new SourceFailure('forbidden', 'policy')
  await assert.rejects(source.fetch({ path: 'app' }, never), { reason: 'forbidden' })
})

const options: [object, RegExp | undefined][] = [
  [{ path: 'a' }, undefined],
  [{ from: 'a' }, undefined],
  [{}, /expected path or from, got neither/],
  [{ path: 'a', from: 'b' }, /got both/],
  [{ from: 'a', format: 'json' }, /is that of a file/],
]
for (const [given, expected] of options)
  test(`options ${JSON.stringify(given)}: ${expected ?? 'fine'}`, () => {
    const decoded = transitSourceConfig.decode({ key: 'a', ...given })
    assert.ok(decoded.ok)
    const message = checkTransitSource(decoded.value)[0]?.message
    if (expected === undefined) assert.equal(message, undefined)
    else assert.match(String(message), expected)
  })

const VAULT = { vault: { auth: { token: { token: 'x' } } } }
const FILE = { file: { path: 'a' } }
const lists: [string, object[], RegExp | undefined][] = [
  ['the first server', [{ transit: { key: 'a', path: 'b' } }, VAULT], undefined],
  ['no server', [{ transit: { key: 'a', path: 'b' } }, FILE], /no source of the kind vault/],
  ['what is no server', [VAULT, FILE, { transit: { key: 'a', path: 'b', source: 'file' } }], /"file" is no/],
  ['another source', [VAULT, FILE, { transit: { key: 'a', from: 'file' } }], undefined],
  ['no such source', [VAULT, { transit: { key: 'a', from: 'nobody' } }], /there is no source "nobody"/],
  ['itself', [VAULT, { transit: { key: 'a', from: 'transit' } }], /is a source of transit itself/],
]
for (const [what, given, expected] of lists)
  test(`made of ${what}: ${expected ?? 'fine'}`, () => {
    const sources = given.map(each => {
      const decoded = sourceSchema.decode(each)
      assert.ok(decoded.ok, JSON.stringify(decoded))
      return decoded.value
    })
    const message = checkBases(sources)[0]?.message
    if (expected === undefined) assert.equal(message, undefined)
    else assert.match(String(message), expected)
  })
