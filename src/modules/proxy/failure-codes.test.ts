// One code for each failure, in the answer, in both logs and in the metric, and at once.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { Authority } from '../../../test/fakes/certificates.ts'
import { testAuthority } from '../../authority/authority-fake.ts'
import { FramePeer } from '../../http/frame-peer-fake.ts'
import type { RawPeer } from '../../http/raw-peer-fake.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { PREFACE } from '../../wire/http2/frame.ts'
import { frame } from '../../wire/http2/frame-log-fake.ts'
import { type ProxyConfig, proxyConfig } from './config.ts'
import { FAILURES, type FailureCode } from './failure.ts'
import {
  decodedProxy,
  type RawBackend,
  rawBackend,
  type StartedProxy,
  startConfigured,
} from './proxy-fake.ts'
import { route } from './routed-fake.ts'
import { identityFiles } from './tls/identity-files-fake.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: checkout\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'

interface Scene {
  readonly t: TestContext
  readonly clock: FakeClock
  readonly back: RawBackend
  readonly proxy: StartedProxy
  readonly client: RawPeer
}

interface Case {
  readonly code: FailureCode
  readonly what: string
  readonly listener?: object
  readonly upstream?: object
  readonly more?: object | (() => Promise<object>)
  /** The checks of the configuration would tell. */
  readonly unchecked?: boolean
  /** Instead of the backend whose bytes the test says. */
  readonly endpoint?: (t: TestContext) => Promise<string>
  /** Brings the failure about. */
  readonly act?: (scene: Scene) => unknown
  /** What the client has heard at the end; unless given the whole answer, which is that of the code. */
  readonly heard?: RegExp | 'nothing'
}

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-codes-'))
})
after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

async function closedPort(): Promise<string> {
  const back = await rawBackend()
  back.close()
  return back.address
}

/** An endpoint whose certificate nobody trusts. */
async function strangerByTls(t: TestContext): Promise<string> {
  const server = createTlsServer(new Authority().issue('localhost', ['localhost'])).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  t.after(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The request has come to the backend. */
async function arrived({ client, back }: Scene, request = GET): Promise<RawPeer> {
  client.say(request)
  const peer = await back.next()
  await peer.hears(/\r\n\r\n/)
  return peer
}

/** Another request is under way while the client asks. */
async function another(scene: Scene): Promise<void> {
  await arrived({ ...scene, client: await scene.proxy.client() })
}

const withAnswer = (text: string) => async (scene: Scene) => (await arrived(scene)).say(text)

const CASES: readonly Case[] = [
  {
    code: 'bad_request',
    what: 'a first line that is none',
    act: ({ client }) => client.say('hello\r\n\r\n'),
  },
  {
    code: 'bad_request',
    what: 'a path that may not be forwarded',
    act: ({ client }) => client.say('GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n'),
  },
  {
    code: 'bad_request',
    what: 'a head that is too large',
    act: ({ client }) => client.say(`GET / HTTP/1.1\r\nHost: a\r\n${'A: b\r\n'.repeat(200)}\r\n`),
    heard: /^HTTP\/1.1 431 /,
  },
  {
    code: 'bad_request',
    what: 'a chunk that is none, within the body',
    act: async scene => {
      await arrived(scene, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
      scene.client.say('zz\r\n')
    },
  },
  {
    code: 'bad_request',
    what: 'a body over HTTP/2 that is longer than it says',
    act: async ({ client, back }) => {
      const peer = new FramePeer(client)
      const post = [
        ':method',
        'POST',
        ':scheme',
        'http',
        ':authority',
        'a',
        ':path',
        '/',
        'content-length',
        '1',
      ]
      peer.send(PREFACE, frame(4, 0, 0, ''), peer.headers(1, post, 4))
      await (await back.next()).hears(/\r\n\r\n/)
      peer.send(frame(0, 1, 1, '6162'))
      await peer.hears(/^reset 1 1$/)
    },
    heard: 'nothing',
  },
  {
    code: 'request_timeout',
    what: 'a head that does not come to its end',
    act: async ({ client, clock, proxy }) => {
      client.say('GET / HTTP/1.1\r\nHost:')
      while (proxy.host.metric('connections', { listener: 'front' }) === 0) await clock.elapse(1)
      // Whenever the bytes are read.
      while (client.heardBytes === 0) await clock.elapse(1000)
    },
  },
  {
    code: 'request_timeout',
    what: 'a body that does not come to its end',
    act: async scene => {
      const peer = await arrived(scene, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc')
      await peer.hears(/abc$/)
      scene.clock.advance(31_000)
    },
  },
  {
    code: 'body_too_large',
    what: 'a body above the limit',
    listener: { maxBody: '1KiB' },
    act: ({ client }) => client.say('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n'),
  },
  {
    code: 'route_not_found',
    what: 'no route',
    listener: { upstream: undefined, routed: { unrouted: 'refuse' } },
  },
  {
    code: 'no_backend',
    what: 'a rule without backends',
    listener: { upstream: undefined, routed: {} },
    more: { routes: [route({ rules: [{ matches: [{ path: { value: '/' } }] }] })] },
    unchecked: true,
  },
  { code: 'denied', what: 'an access rule', listener: { access: { otherwise: 'deny' } } },
  {
    code: 'unauthenticated',
    what: 'no token',
    listener: {
      access: { jwt: { issuers: [{ issuer: 'https://login.test', keys: { url: 'http://127.0.0.1:1/' } }] } },
    },
  },
  {
    code: 'rate_limited',
    what: 'a rate that is used up',
    listener: { limits: [{ name: 'few', rate: '1/h' }] },
    act: async scene => {
      const other = await scene.proxy.client()
      const peer = await arrived({ ...scene, client: other })
      peer.say(OK)
      await other.hears(/hi$/)
      scene.client.say(GET)
    },
  },
  {
    code: 'limits_unavailable',
    what: 'a Redis that is away',
    listener: { limits: [{ name: 'few', rate: '1/h', shared: true }] },
    more: { sharedLimits: { url: 'redis://127.0.0.1:1', whenAway: 'refuse' } },
  },
  {
    code: 'fault_injected',
    what: 'a fault on purpose',
    listener: { faults: [{ name: 'gone', abort: 503 }] },
  },
  {
    code: 'fault_injected',
    what: 'a reset on purpose, over HTTP/2',
    listener: { faults: [{ name: 'gone', reset: true }] },
    act: async ({ client }) => {
      const peer = new FramePeer(client)
      const get = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/']
      peer.send(PREFACE, frame(4, 0, 0, ''), peer.headers(1, get, 5))
      await peer.hears(/^reset 1 /)
    },
    heard: 'nothing',
  },
  {
    code: 'loop_detected',
    what: 'a request that comes back',
    act: async scene => {
      const other = await scene.proxy.client()
      const peer = await arrived({ ...scene, client: other })
      const via = /\r\nVia: (.+)\r\n/.exec(peer.heard)![1]
      peer.say(OK)
      await other.hears(/hi$/)
      scene.client.say(`GET / HTTP/1.1\r\nHost: a\r\nVia: ${via}\r\n\r\n`)
    },
  },
  {
    code: 'no_healthy_upstream',
    what: 'no endpoint that may be used',
    upstream: { endpoints: [{ address: '127.0.0.1:1', weight: 0 }] },
  },
  {
    code: 'circuit_open',
    what: 'as many requests as are allowed',
    upstream: { circuitBreakers: { maxRequests: 1 } },
    act: async scene => {
      await another(scene)
      scene.client.say(GET)
    },
  },
  {
    code: 'circuit_open',
    what: 'as many connections as are allowed, and nobody may wait',
    upstream: { circuitBreakers: { maxConnections: 1, maxPending: 0 } },
    act: async scene => {
      await another(scene)
      scene.client.say(GET)
    },
  },
  {
    code: 'circuit_open',
    what: 'as many that wait as are allowed',
    upstream: { circuitBreakers: { maxConnections: 1, maxPending: 1 } },
    act: async scene => {
      await another(scene)
      const waits = await scene.proxy.client()
      waits.say(GET)
      const pending = { cluster: 'back', limit: 'pending' }
      while (scene.proxy.host.metric('cluster_in_use', pending) !== 1) await scene.clock.elapse(1)
      scene.client.say(GET)
    },
  },
  {
    code: 'identity_unknown',
    what: 'nobody knows who is to be met',
    listener: { upstream: undefined, forward: { allow: ['*'], mutualTls: 'strict' } },
    more: async () => ({ identity: await identityFiles(folder, 'cart', await testAuthority()) }),
    act: ({ client, back }) => client.say(`GET http://${back.address}/ HTTP/1.1\r\nHost: a\r\n\r\n`),
  },
  { code: 'upstream_connect_failed', what: 'a port where nobody listens', endpoint: closedPort },
  {
    code: 'upstream_tls_failed',
    what: 'a certificate that nobody trusts',
    endpoint: strangerByTls,
    upstream: { tls: { serverName: 'localhost' } },
  },
  {
    code: 'connect_timeout',
    what: 'a handshake that is not answered',
    upstream: { tls: {}, connectTimeout: '1s' },
    act: async ({ client, back, clock }) => {
      client.say(GET)
      await (await back.next()).hears(/./s)
      while (client.heardBytes === 0) await clock.elapse(500)
    },
  },
  {
    code: 'timeout',
    what: 'a request that takes too long as a whole',
    listener: { requestTimeout: '1s' },
    act: async scene => {
      await arrived(scene)
      scene.clock.advance(1500)
    },
  },
  {
    code: 'timeout',
    what: 'a try that takes too long',
    listener: { tryTimeout: '1s' },
    act: async scene => {
      await arrived(scene)
      scene.clock.advance(1500)
    },
  },
  {
    code: 'timeout',
    what: 'an answer that does not come to its end in time',
    listener: { requestTimeout: '1s' },
    act: async scene => {
      await withAnswer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n')(scene)
      await scene.client.hears(/hi\r\n$/)
      scene.clock.advance(1500)
      await scene.client.gone()
    },
    heard: /\r\n\r\n2\r\nhi\r\n$/,
  },
  {
    code: 'budget_exhausted',
    what: 'no place for another try',
    listener: { retry: { attempts: 1 } },
    upstream: { retryBudget: { percent: 0, minConcurrent: 0 } },
    act: async scene => void (await arrived(scene)).socket.resetAndDestroy(),
  },
  {
    code: 'upstream_reset',
    what: 'a reset before the answer',
    act: async scene => void (await arrived(scene)).socket.resetAndDestroy(),
  },
  {
    code: 'upstream_reset',
    what: 'an end instead of an answer',
    act: async scene => void (await arrived(scene)).socket.end(),
  },
  {
    code: 'upstream_reset',
    what: 'an end within the head',
    act: async scene => void (await arrived(scene)).socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
  },
  { code: 'upstream_malformed', what: 'another protocol', act: withAnswer('SSH-2.0-OpenSSH\r\n') },
  {
    code: 'upstream_malformed',
    what: 'a head without end',
    act: withAnswer(`HTTP/1.1 200 OK\r\n${`A: ${'b'.repeat(1000)}\r\n`.repeat(90)}`),
  },
  {
    code: 'client_gone',
    what: 'a client that does not wait',
    act: async scene => {
      const peer = await arrived(scene)
      scene.client.socket.resetAndDestroy()
      await peer.end()
    },
    heard: 'nothing',
  },
]

describe('a failure has one code in the answer, in the logs and in the metric', () => {
  CASES.forEach(({ code, what, listener, upstream, more, unchecked, endpoint, act, heard }, at) => {
    test(`${code}: ${what}`, async t => {
      const back = await rawBackend()
      t.after(() => back.close())
      const clock = new FakeClock()
      const path = join(folder, `${at}.log`)
      const config = {
        listeners: [
          {
            ...{ name: 'front', listen: '127.0.0.1:0', upstream: 'back' },
            ...listener,
            accessLog: [{ to: { file: { path } } }],
          },
        ],
        namespace: 'shop',
        upstreams: {
          back: { endpoints: [{ address: (await endpoint?.(t)) ?? back.address }], ...upstream },
          checkout: { endpoints: [{ address: back.address }] },
        },
        ...(typeof more === 'function' ? await more() : more),
      }
      const proxy = await startConfigured(decoded(JSON.parse(JSON.stringify(config)), unchecked), clock)
      t.after(() => proxy[Symbol.asyncDispose]())
      const client = await proxy.client()
      const scene = { t, clock, back, proxy, client }
      if (act === undefined) client.say(GET)
      else await act(scene)
      if (heard !== 'nothing') {
        const text = await client.hears(heard ?? /\r\n\r\n[\s\S]*\n$/)
        if (!text.includes(' 200 OK')) {
          if (heard === undefined) assert.match(text, new RegExp(`^HTTP/1.1 ${FAILURES[code].status} `))
          assert.match(text, new RegExp(`\r\noutrigger-error: ${code}\r\n`))
        }
      }
      assert.equal(proxy.host.log.of(code).length, 1, 'the log')
      assert.equal(counted(proxy, code), 1, 'the metric')
      const failures = (await linesOf(path, clock)).map(({ failure }) => failure)
      assert.deepEqual(
        failures.filter(failure => failure !== undefined),
        [code],
      )
    })
  })

  test('whichever it is', () => {
    const shown = new Set(CASES.map(({ code }) => code))
    // That of a tunnel whose connection is still being made when a drain is at its deadline.
    assert.deepEqual(
      Object.keys(FAILURES).filter(code => !shown.has(code as FailureCode)),
      ['draining'],
    )
  })
})

function decoded(config: object, unchecked = false): ProxyConfig {
  if (!unchecked) return decodedProxy(config)
  const decoding = proxyConfig.decode(config)
  assert.ok(decoding.ok)
  return decoding.value
}

/** Requests that ended with this code, or else what was none and had it; whatever other labels say. */
function counted({ host }: StartedProxy, code: FailureCode): number {
  const sum = (wanted: string) =>
    host.registry
      .collect()
      .filter(({ name }) => name.startsWith(wanted))
      .flatMap(({ samples }) => samples)
      .filter(({ labels }) => labels.some(([key, value]) => key === 'failure' && value === code))
      .reduce((total, { value }) => total + value, 0)
  return sum('outrigger_proxy_requests') || sum('outrigger_proxy_rejected_requests')
}

/** The lines of an access log, which writes them a tenth of a second late. */
async function linesOf(path: string, clock: FakeClock): Promise<Record<string, unknown>[]> {
  for (;;) {
    await clock.elapse(100)
    const text = await readFile(path, 'utf8').catch(() => '')
    const lines = text
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
    if (lines.some(({ failure }) => failure !== undefined)) return lines
  }
}
