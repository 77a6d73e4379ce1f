import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { checkProxy, proxyConfig } from '../config.ts'
import { ask, type EchoBackend, echoBackend } from '../echo-fake.ts'
import { decodedProxy, type StartedProxy, startConfigured } from '../proxy-fake.ts'
import { identityFiles, spiffeOf } from '../tls/identity-files-fake.ts'

let folder: string
let ours: TestAuthority
let lists = 0

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-peers-'))
  ours = await testAuthority()
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

/** A file with a list of peers, and what changes it. */
async function peerList(endpoints: readonly object[]) {
  const path = join(folder, `peers${lists++}.yaml`)
  const say = async (next: readonly object[]) => {
    await writeFile(`${path}.next`, JSON.stringify({ endpoints: next }))
    await rename(`${path}.next`, path)
  }
  await say(endpoints)
  return { list: { file: { path } }, say }
}

/** The sidecar that is called, as `account`. */
async function callee(application: EchoBackend, account = 'cart'): Promise<StartedProxy> {
  return startConfigured(
    decodedProxy({
      identity: await identityFiles(folder, account, ours),
      listeners: [
        {
          name: 'in',
          listen: '127.0.0.1:0',
          upstream: 'app',
          tls: { mode: 'permissive', forwardClientCert: 'sanitize_set' },
        },
      ],
      upstreams: { app: { endpoints: [{ address: application.address }] } },
    }),
  )
}

const callerConfig = async (outbound: object, proxy: object = {}) =>
  decodedProxy({
    identity: await identityFiles(folder, 'checkout', ours),
    listeners: [{ name: 'out', listen: '127.0.0.1:0', ...outbound }],
    ...proxy,
  })
/** The sidecar that calls, for an application that names its destinations. */
const caller = async (outbound: object, proxy: object = {}) =>
  startConfigured(await callerConfig(outbound, proxy))
const certificateOf = ({ heard }: EchoBackend) => heard.at(-1)?.headers.get('x-forwarded-client-cert')
const plain = (proxy: StartedProxy) => proxy.host.metric('upstream_plain_total', { listener: 'out' }) ?? 0
const OURS = /URI=spiffe:\/\/example\.org\/ns\/shop\/sa\/checkout/

describe('a place that no upstream names', () => {
  test('is reached by mutual TLS where the list of peers knows its address, and who calls is counted there', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back)
    const { list } = await peerList([{ address: `127.0.0.1:${b.port}`, identity: spiffeOf('cart') }])
    await using a = await caller({ outbound: {} }, { peers: { list } })
    for (let round = 0; round < 2; round++)
      assert.equal((await ask(a.port, `GET http://127.0.0.1:${b.port}/`)).body, 'hello')
    assert.match(certificateOf(back)!, OURS)
    assert.equal(plain(a), 0)
    const labels = { listener: 'in', route: '', cluster: 'app', class: '2xx', failure: '' }
    assert.equal(b.host.metric('requests_total', { ...labels, source: spiffeOf('checkout') }), 2)
  })

  test('is reached so where the endpoints of an upstream know it', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back)
    const endpoints = [{ address: `127.0.0.1:${b.port}`, identity: spiffeOf('cart') }]
    await using a = await caller({ outbound: {} }, { upstreams: { cart: { endpoints } } })
    assert.equal((await ask(a.port, `GET http://127.0.0.1:${b.port}/`)).status, 200)
    assert.match(certificateOf(back)!, OURS)
  })

  test('is reached so where an upstream in use has found it, and plainly when nobody says so any more', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back)
    const place = `GET http://127.0.0.1:${b.port}/`
    const { list, say } = await peerList([{ address: `127.0.0.1:${b.port}`, identity: spiffeOf('cart') }])
    await using a = await caller({ outbound: {} }, { upstreams: { cart: { discovery: list } } })
    assert.equal((await ask(a.port, 'GET http://cart/')).status, 200)
    assert.equal((await ask(a.port, place)).status, 200)
    assert.match(certificateOf(back)!, OURS)
    await say([{ address: `127.0.0.1:${b.port}` }])
    while (certificateOf(back) !== undefined) assert.equal((await ask(a.port, place)).status, 200)
    assert.ok(plain(a) >= 1)
  })

  test('is reached so where a rule says who is behind its name', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back, 'localhost')
    const names = [{ host: '{name}', identity: 'spiffe://example.org/ns/shop/sa/{name}' }]
    await using a = await caller({ outbound: {} }, { peers: { names } })
    assert.equal((await ask(a.port, `GET http://localhost:${b.port}/`)).body, 'hello')
    assert.match(certificateOf(back)!, OURS)
  })

  test('is not spoken to when somebody else is there than the list, or the rule, says', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back)
    const { list } = await peerList([{ address: `127.0.0.1:${b.port}`, identity: spiffeOf('admin') }])
    const names = [{ host: 'localhost', identity: spiffeOf('admin') }]
    await using a = await caller({ outbound: {} }, { peers: { list, names } })
    for (const host of ['127.0.0.1', 'localhost']) {
      const answer = await ask(a.port, `GET http://${host}:${b.port}/`)
      assert.equal(answer.status, 502)
      assert.equal(answer.headers.get('outrigger-error'), 'upstream_tls_failed')
    }
    assert.deepEqual(back.heard, [])
  })

  test('gets new connections when the list says otherwise of it', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back)
    const address = `127.0.0.1:${b.port}`
    const { list, say } = await peerList([])
    await using a = await caller({ outbound: {} }, { peers: { list } })
    const line = `GET http://${address}/`
    assert.equal((await ask(a.port, line)).status, 200)
    assert.equal(certificateOf(back), undefined)
    await say([{ address, identity: spiffeOf('cart') }])
    while (certificateOf(back) === undefined) assert.equal((await ask(a.port, line)).status, 200)
    const before = plain(a)
    assert.equal((await ask(a.port, line)).status, 200)
    assert.equal(plain(a), before)
  })
})

describe('a place of which nobody knows who is there', () => {
  for (const [mutualTls, status, counted] of [
    ['off', 200, 0],
    ['permissive', 200, 1],
    ['strict', 502, 0],
  ] as const)
    test(`gets ${status} with mutualTls: ${mutualTls}`, async () => {
      using back = await echoBackend('hello')
      await using a = await caller({ outbound: { mutualTls } })
      const answer = await ask(a.port, `GET http://${back.address}/`)
      assert.equal(answer.status, status)
      assert.equal(answer.headers.get('outrigger-error'), status === 200 ? undefined : 'identity_unknown')
      assert.equal(back.heard.length, status === 200 ? 1 : 0)
      assert.equal(plain(a), counted)
    })

  test('is strictly refused to clients of a forward proxy, too, by request and by CONNECT', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back)
    const known = `127.0.0.1:${b.port}`
    const { list } = await peerList([{ address: known, identity: spiffeOf('cart') }])
    await using a = await caller({ forward: { allow: ['*'], mutualTls: 'strict' } }, { peers: { list } })
    const say = async (text: string) => {
      const client = await a.client()
      client.say(text)
      return (await client.hears(/\r\n\r\n/)).split('\r\n')[0]
    }
    assert.match((await say(`GET http://${known}/ HTTP/1.1\r\nHost: a\r\n\r\n`))!, /200/)
    assert.match(certificateOf(back)!, OURS)
    assert.match((await say(`GET http://${back.address}/ HTTP/1.1\r\nHost: a\r\n\r\n`))!, /502/)
    assert.equal(back.heard.length, 1)
  })

  test('is strictly refused also where it is an upstream', async () => {
    using one = await echoBackend('one')
    using other = await echoBackend('other')
    await using b = await callee(one)
    const known = { address: `127.0.0.1:${b.port}`, identity: spiffeOf('cart') }
    await using a = await caller(
      { outbound: { mutualTls: 'strict' } },
      {
        upstreams: {
          mixed: { endpoints: [{ address: other.address }, known], balancing: 'round_robin' },
          plain: { endpoints: [{ address: other.address }] },
        },
      },
    )
    for (let round = 0; round < 4; round++) assert.equal((await ask(a.port, 'GET http://mixed/')).body, 'one')
    const answer = await ask(a.port, 'GET http://plain/')
    assert.equal(answer.headers.get('outrigger-error'), 'identity_unknown')
    assert.deepEqual(other.heard, [])
  })

  test('is waited for until the list has come, and not for ever', async () => {
    using back = await echoBackend('hello')
    await using a = await caller(
      { outbound: { mutualTls: 'strict' } },
      { peers: { list: { file: { path: join(folder, 'never.yaml') } } } },
    )
    const answer = await ask(a.port, `GET http://${back.address}/`)
    assert.equal(answer.headers.get('outrigger-error'), 'identity_unknown')
    assert.match(a.running.health!().message!, /peers: file .*never\.yaml: it does not exist/)
  })
})

test('peers, and how strict a listener is, are taken over by a reload', async () => {
  using back = await echoBackend('hello')
  await using b = await callee(back)
  const address = `127.0.0.1:${b.port}`
  const { list } = await peerList([{ address, identity: spiffeOf('cart') }])
  await using a = await caller({ outbound: { mutualTls: 'off' } }, { peers: { list } })
  const line = `GET http://${address}/`
  assert.equal((await ask(a.port, line)).status, 200)
  assert.equal(certificateOf(back), undefined)
  assert.equal(await a.running.update!(await callerConfig({ outbound: {} }, { peers: { list } })), true)
  assert.equal((await ask(a.port, line)).status, 200)
  assert.match(certificateOf(back)!, OURS)
  assert.equal(await a.running.update!(await callerConfig({ outbound: { mutualTls: 'strict' } })), true)
  assert.equal((await ask(a.port, line)).headers.get('outrigger-error'), 'identity_unknown')
  const next = await callerConfig({ outbound: { mutualTls: 'strict' } }, { peers: { list } })
  assert.equal(await a.running.update!(next), true)
  while ((await ask(a.port, line)).status !== 200);
  assert.match(certificateOf(back)!, OURS)
})

test('the configuration says what of peers cannot be', () => {
  const identity = { files: { cert: '/c', key: '/k', ca: '/a' } }
  const names = (host: string, id: string) => ({ identity, peers: { names: [{ host, identity: id }] } })
  for (const [proxy, outbound, message] of [
    [{ peers: {} }, {}, 'peers: the sidecar has no identity to show there'],
    [{}, { mutualTls: 'strict' }, 'listeners.0.outbound.mutualTls: the sidecar has no identity to show'],
    [names('a{b}.svc', 'spiffe://example.org/a'), {}, 'peers.names.0.host: "a{b}" is neither'],
    [
      names('{b}.svc', 'spiffe://example.org/{c}'),
      {},
      'peers.names.0.identity: {c} does not stand in the host',
    ],
    [
      names('{b}.svc', 'spiffe://example.org/{b}//x'),
      {},
      'peers.names.0.identity: spiffe://example.org/{b}//x makes no',
    ],
    [names('{b}.svc', 'spiffe://example.org/{b}'), { mutualTls: 'strict' }, undefined],
  ] as const) {
    const decoded = proxyConfig.decode({ listeners: [{ listen: '127.0.0.1:0', outbound }], ...proxy })
    assert.ok(decoded.ok, JSON.stringify(decoded))
    const problems = checkProxy(decoded.value).map(({ path, message }) => `${path.join('.')}: ${message}`)
    assert.equal(problems.length, message === undefined ? 0 : 1)
    if (message !== undefined) assert.ok(problems[0]!.startsWith(message), problems[0])
  }
})
