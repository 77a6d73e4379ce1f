import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { TokenGrants } from '../../../authority/grant.ts'
import { createHttpServer } from '../../../http/server/server.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { workloadId } from '../../../wire/spiffe/identity.ts'
import { feedService, subjectOf } from './feed-service.ts'
import { FeedHub } from './hub.ts'
import { knownTokens } from './known-tokens.ts'
import { ServiceTable } from './service-table.ts'

const grants: TokenGrants = {
  async grantOf(token) {
    if (token === 'away') throw new Error('the API server is away')
    return token === 'good'
      ? { identity: workloadId('example.org', 'shop', 'cart'), dnsNames: [] }
      : undefined
  },
}

async function serve(t: TestContext, { ready = true, maxSubscribers = 10 } = {}) {
  const clock = systemClock()
  const table = new ServiceTable('example.org', topic => hub.changed(topic))
  const hub: FeedHub = new FeedHub(clock, table, text =>
    createHash('sha256').update(text).digest('hex').slice(0, 8),
  )
  table.apply('Service', 'shop', 'cart', { spec: { clusterIP: '10.96.0.9', ports: [{ port: 80 }] } })
  const host = fakeHost({ name: 'controller', clock })
  const refused: string[] = []
  const server = createHttpServer({
    clock,
    handler: feedService({
      ...{ hub, grants, log: host.log, maxSubscribers },
      ready: () => ready,
      onRefused: reason => refused.push(reason),
    }),
  })
  const listener = createServer(socket => server.accept(socket)).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(async () => {
    hub[Symbol.dispose]()
    server.close()
    listener.close()
    await host.close()
  })
  const { port } = listener.address() as AddressInfo
  const ask = (path: string, token?: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    })
  return { hub, table, ask, refused, port }
}

describe('feeds over HTTP', () => {
  it('are open answers of lines, which end when the controller does', async t => {
    const { hub, table, ask } = await serve(t)
    const response = await ask('/feeds/services/shop/cart:80', 'good')
    assert.equal(response.status, 200)
    assert.equal(hub.subscribers, 1)
    const lines: object[] = []
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    const next = async () => lines.push(JSON.parse((await reader.read()).value!))
    await next()
    table.apply('EndpointSlice', 'shop', 'cart-1', {
      metadata: { labels: { 'kubernetes.io/service-name': 'cart' } },
      ports: [{ port: 8080 }],
      endpoints: [{ addresses: ['10.0.0.7'] }],
    })
    await next()
    assert.deepEqual(
      lines.map(line => Object.keys(line)),
      [
        ['version', 'endpoints', 'clusterIPs'],
        ['version', 'from', 'set'],
      ],
    )
    hub[Symbol.dispose]()
    assert.equal((await reader.read()).done, true)
  })

  it('are let go of when the sidecar goes', async t => {
    const { hub, port } = await serve(t)
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'GET /feeds/addresses/10.96.0.9:80 HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer good\r\n\r\n',
    )
    await once(socket, 'data')
    assert.equal(hub.subscribers, 1)
    socket.resetAndDestroy()
    while (hub.subscribers > 0) await new Promise(resolve => setImmediate(resolve))
    assert.equal(hub.subjects, 0)
  })

  const refusals: readonly (readonly [
    what: string,
    path: string,
    token: string | undefined,
    status: number,
    options?: object,
  ])[] = [
    ['no token', '/feeds/services/shop/cart:80', undefined, 401],
    ['a wrong token', '/feeds/services/shop/cart:80', 'bad', 401],
    ['a token that cannot be checked', '/feeds/services/shop/cart:80', 'away', 503],
    ['a Service that is not there', '/feeds/services/shop/other:80', 'good', 404],
    ['a port that it has not', '/feeds/services/shop/cart:81', 'good', 404],
    ['a path that is none', '/feeds/services/shop/cart', 'good', 404],
    ['a cluster that is not read yet', '/feeds/services/shop/cart:80', 'good', 503, { ready: false }],
    ['more than may listen', '/feeds/services/shop/cart:80', 'good', 503, { maxSubscribers: 0 }],
  ]
  for (const [what, path, token, status, options] of refusals)
    it(`refuse ${what} with ${status}`, async t => {
      const { ask, refused } = await serve(t, options)
      assert.equal((await ask(path, token)).status, status)
      assert.equal(refused.length, 1)
    })
})

describe('the subject of a path', () => {
  const cases: readonly (readonly [path: string, subject: object | undefined])[] = [
    ['/feeds/services/shop/cart:80', { kind: 'service', namespace: 'shop', name: 'cart', port: 80 }],
    ['/feeds/addresses/10.0.0.7:80', { kind: 'address', address: '10.0.0.7', port: 80 }],
    ['/feeds/addresses/%5Bfd00%3A%3A1%5D%3A80', { kind: 'address', address: 'fd00::1', port: 80 }],
    ['/feeds/services/shop/cart:0', undefined],
    ['/feeds/services/shop/cart:65536', undefined],
    ['/feeds/services/shop/..:80', undefined],
    ['/feeds/services/shop/%zz:80', undefined],
    ['/feeds/services/cart:80', undefined],
    ['/feeds/addresses/example.org:80', undefined],
    ['/other', undefined],
  ]
  for (const [path, subject] of cases)
    it(`${path} is ${subject === undefined ? 'none' : JSON.stringify(subject)}`, () =>
      assert.deepEqual(subjectOf(path), subject))
})

describe('known tokens', () => {
  it('are asked about once in a while, and refused ones each time', async () => {
    const clock = new FakeClock()
    const asked: string[] = []
    const known = knownTokens(
      {
        grantOf(token) {
          asked.push(token)
          return grants.grantOf(token)
        },
      },
      { clock, holdMs: 60_000 },
    )
    await Promise.all([known.grantOf('good'), known.grantOf('good')])
    await known.grantOf('good')
    await known.grantOf('bad')
    await known.grantOf('bad')
    await clock.elapse(60_001)
    await known.grantOf('good')
    assert.deepEqual(asked, ['good', 'bad', 'bad', 'good'])
  })
})
