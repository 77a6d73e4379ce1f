import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { missing } from '../../../test/fakes/programs.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { rawBackend, startProxy } from './proxy-fake.ts'

const UNUSED = ['127.0.0.1:9']
const ABSOLUTE = { upstream: undefined, forward: { allow: ['127.0.0.0/8'] } }
const labels = (failure: string, status = '4xx', cluster = '') => ({
  listener: 'front',
  route: '',
  cluster,
  class: status,
  failure,
  source: '',
})

describe('a forward proxy', () => {
  test('sends a request with an absolute URL to where the URL says, its path as it is', async () => {
    const back = await rawBackend()
    await using proxy = await startProxy(UNUSED, { ...ABSOLUTE, via: false })
    const client = await proxy.client()
    client.say(
      `GET http://${back.address}/web/http://a%2Fb/../c?d HTTP/1.1\r\nHost: other\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\n\r\n`,
    )
    const peer = await back.next()
    assert.equal(
      await peer.hears(/\r\n\r\n/),
      `GET /web/http://a%2Fb/../c?d HTTP/1.1\r\nHost: ${back.address}\r\n\r\n`,
    )
    peer.say('HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 2\r\n\r\nhi')
    assert.match(await client.hears(/hi$/), /^HTTP\/1.1 200 OK\r\n/)
    assert.equal(proxy.host.metric('requests_total', labels('', '2xx', 'on_demand')), 1)
    assert.equal(proxy.host.metric('clusters_on_demand', {}), 1)
    back.close()
  })

  for (const [what, request, status, code] of [
    ['of a private address', 'GET http://10.0.0.1/ HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n', 403, 'denied'],
    ['of the metadata service', 'GET http://169.254.169.254/ HTTP/1.1\r\nHost: a\r\n\r\n', 403, 'denied'],
    ['of itself by loopback', 'GET http://[::1]:80/ HTTP/1.1\r\nHost: a\r\n\r\n', 403, 'denied'],
    [
      'of a loopback address in IPv6',
      'GET http://[::ffff:127.0.0.1]/ HTTP/1.1\r\nHost: a\r\n\r\n',
      403,
      'denied',
    ],
    [
      'to CONNECT to a port that is not for TLS',
      'CONNECT 8.8.8.8:25 HTTP/1.1\r\nHost: 8.8.8.8:25\r\n\r\n',
      403,
      'denied',
    ],
    [
      'to CONNECT to a private address',
      'CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: 10.0.0.1:443\r\n\r\n',
      403,
      'denied',
    ],
    ['without a URL', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'bad_request'],
    ['of https without CONNECT', 'GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'bad_request'],
  ] as const)
    test(`refuses a request ${what}, by its defaults`, async () => {
      await using proxy = await startProxy(UNUSED, { upstream: undefined, forward: {} })
      const client = await proxy.client()
      client.say(request)
      const answer = await client.hears(/\r\n\r\n.*\n$/s)
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} .*\r\noutrigger-error: ${code}\r\n`))
      assert.equal(proxy.host.metric('requests_total', labels(code)), 1)
    })

  test('carries a tunnel in both directions, what came early too, and ends each side by itself', async () => {
    const back = await rawBackend()
    await using proxy = await startProxy(UNUSED, { upstream: undefined, forward: { allow: [back.address] } })
    const client = await proxy.client()
    client.say(`CONNECT ${back.address} HTTP/1.1\r\nHost: ${back.address}\r\n\r\nearly`)
    const peer = await back.next()
    assert.equal(await client.hears(/\r\n\r\n/), 'HTTP/1.1 200 Connection Established\r\n\r\n')
    assert.equal(await peer.hears(/early/), 'early')
    assert.equal(proxy.host.metric('tunnels', { listener: 'front' }), 1)
    client.socket.end()
    await peer.end()
    peer.say('late')
    await client.hears(/late$/)
    peer.socket.end()
    await client.gone()
    assert.equal(proxy.host.metric('tunnels', { listener: 'front' }), 0)
    assert.equal(proxy.host.metric('tunnels_ended_total', { listener: 'front', reason: 'closed' }), 1)
    assert.equal(proxy.host.metric('bytes_total', { listener: 'front', direction: 'received' }), 5)
    assert.equal(proxy.host.metric('requests_total', labels('', '2xx', 'on_demand')), 1)
    back.close()
  })

  test('tells a client whose tunnel cannot be made', async () => {
    const back = await rawBackend()
    back.close()
    await using proxy = await startProxy(UNUSED, { upstream: undefined, forward: { allow: [back.address] } })
    const client = await proxy.client()
    client.say(`CONNECT ${back.address} HTTP/1.1\r\nHost: ${back.address}\r\n\r\n`)
    assert.match(await client.hears(/\n$/), /^HTTP\/1.1 502 [\s\S]*outrigger-error: upstream_connect_failed/)
    assert.equal(proxy.host.metric('tunnels', { listener: 'front' }), 0)
  })

  test('refuses more tunnels than are allowed', async () => {
    const back = await rawBackend()
    const allow = [back.address]
    await using proxy = await startProxy(UNUSED, {
      upstream: undefined,
      forward: { allow },
      tunnels: { max: 1 },
    })
    const [one, other] = [await proxy.client(), await proxy.client()]
    const connect = `CONNECT ${back.address} HTTP/1.1\r\nHost: ${back.address}\r\n\r\n`
    one.say(connect)
    await one.hears(/200/)
    other.say(connect)
    assert.match(await other.hears(/\n$/), /^HTTP\/1.1 503 [\s\S]*outrigger-error: circuit_open/)
    assert.equal(proxy.host.metric('tunnels_ended_total', { listener: 'front', reason: 'refused' }), 1)
    back.close()
  })

  test('closes a tunnel in which nothing comes', async () => {
    const back = await rawBackend()
    const clock = new FakeClock()
    const forward = { allow: [back.address] }
    await using proxy = await startProxy(
      UNUSED,
      { upstream: undefined, forward, tunnels: { idleTimeout: '60s' } },
      clock,
    )
    const client = await proxy.client()
    client.say(`CONNECT ${back.address} HTTP/1.1\r\nHost: ${back.address}\r\n\r\n`)
    const peer = await back.next()
    await client.hears(/200/)
    clock.advance(50_000)
    peer.say('x')
    await client.hears(/x$/)
    clock.advance(50_000)
    peer.say('y')
    await client.hears(/y$/)
    clock.advance(65_000)
    await client.gone()
    await peer.gone()
    assert.equal(proxy.host.metric('tunnels_ended_total', { listener: 'front', reason: 'idle' }), 1)
    back.close()
  })

  test('waits for tunnels when it drains, and breaks them at the deadline', async () => {
    const back = await rawBackend()
    await using proxy = await startProxy(UNUSED, { upstream: undefined, forward: { allow: [back.address] } })
    const client = await proxy.client()
    client.say(`CONNECT ${back.address} HTTP/1.1\r\nHost: ${back.address}\r\n\r\n`)
    const peer = await back.next()
    await client.hears(/200/)
    const end = new AbortController()
    const drained = proxy.running.drain!({ remainingMs: () => 1000, signal: end.signal }, 'ending')
    peer.say('still here')
    await client.hears(/still here/)
    end.abort()
    await drained
    await client.gone()
    assert.equal(proxy.host.metric('tunnels_ended_total', { listener: 'front', reason: 'deadline' }), 1)
    back.close()
  })
})

describe('a forward proxy asked by curl', { skip: missing('curl') }, () => {
  let server: Server
  let url = ''
  before(async () => {
    server = createServer((request, response) => response.end(`${request.method} ${request.url}`))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  const curl = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('curl', ['-sS', '--max-time', '10', '--noproxy', '', ...args])).stdout

  test('answers plain requests and tunnels, over HTTP/1.1', async () => {
    const forward = { allow: ['127.0.0.1'], connectPorts: [Number(url.split(':')[2])] }
    await using proxy = await startProxy(UNUSED, { upstream: undefined, forward })
    const at = `http://127.0.0.1:${proxy.port}`
    assert.equal(await curl('-x', at, `${url}/one?two`), 'GET /one?two')
    assert.equal(await curl('-x', at, '--proxytunnel', `${url}/three`), 'GET /three')
  })

  test('answers with the reason when it refuses', async () => {
    await using proxy = await startProxy(UNUSED, { upstream: undefined, forward: {} })
    const at = `http://127.0.0.1:${proxy.port}`
    assert.match(await curl('-x', at, `${url}/one`), /^denied: no rule allows 127.0.0.1:/)
  })
})
