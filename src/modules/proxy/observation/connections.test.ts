import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { type RawBackend, rawBackend, type StartedProxy, startProxy } from '../proxy-fake.ts'

async function scene(t: TestContext): Promise<{ back: RawBackend; path: string; accessLog: object[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-access-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const back = await rawBackend()
  t.after(() => back.close())
  const path = join(folder, 'access.log')
  return { back, path, accessLog: [{ to: { file: { path } } }] }
}

async function tunnelsEnd({ host }: StartedProxy): Promise<void> {
  while ((host.metric('tunnels', { listener: 'front' }) ?? 0) > 0)
    await new Promise(resolve => setImmediate(resolve))
}

/** The lines of a proxy that has ended, without their times. */
async function linesOf(proxy: StartedProxy, path: string): Promise<object[]> {
  await tunnelsEnd(proxy)
  await proxy.host.close()
  const text = await readFile(path, 'utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const { time, duration_ms, upstream_ms, request_id, ...rest } = JSON.parse(line)
      assert.match(time, /^\d{4}-/)
      assert.equal(typeof duration_ms, 'number')
      return rest
    })
}

describe('the access log tells of a connection that is passed on', () => {
  test('when it ends: bytes of both ways and where it went', async t => {
    const { back, path, accessLog } = await scene(t)
    await using proxy = await startProxy([back.address], { protocol: 'tcp', accessLog })
    const client = await proxy.client()
    client.say('ping!')
    const peer = await back.next()
    await peer.hears(/ping!/)
    peer.socket.end('pong')
    await client.end()
    client.socket.end()
    await Promise.all([client.gone(), peer.gone()])
    assert.deepEqual(await linesOf(proxy, path), [
      {
        ...{ listener: 'front', protocol: 'TCP', bytes_received: 5, bytes_sent: 4 },
        ...{ upstream: 'back', endpoint: back.address, client: '127.0.0.1' },
      },
    ])
  })

  test('of TLS that is passed on with the name that its client asks for', async t => {
    const { back, path, accessLog } = await scene(t)
    await using proxy = await startProxy([back.address], { protocol: 'auto', accessLog })
    const socket = connectTls({ host: '127.0.0.1', port: proxy.port, servername: 'shop.test' })
    socket.on('error', () => {})
    const peer = await back.next()
    await peer.hears(({ heardBytes }) => heardBytes > 100)
    socket.destroy()
    await peer.end()
    peer.socket.end()
    const [line] = (await linesOf(proxy, path)) as Record<string, unknown>[]
    assert.equal(line!['protocol'], 'TLS')
    assert.equal(line!['server_name'], 'shop.test')
  })

  test('with the audit rules that it meets, refused or not', async t => {
    const { back, path, accessLog } = await scene(t)
    const from = [{ addresses: ['127.0.0.0/8'] }]
    const audit = { name: 'lokal-für-uns', action: 'audit', from }
    const access = (...rules: object[]) => ({ access: { rules: [audit, ...rules], otherwise: 'allow' } })
    await using proxy = await startProxy([back.address], { protocol: 'tcp', accessLog, ...access() })
    const client = await proxy.client()
    const peer = await back.next()
    client.socket.end()
    peer.socket.end()
    await Promise.all([client.gone(), peer.gone()])
    await tunnelsEnd(proxy)
    await proxy.running.update!(proxy.configured(access({ name: 'no', action: 'deny', from })))
    await (await proxy.client()).end()
    const lines = (await linesOf(proxy, path)) as Record<string, unknown>[]
    assert.deepEqual(
      lines.map(({ failure, audits }) => [failure, audits]),
      [
        [undefined, ['lokal-für-uns']],
        ['denied', ['lokal-für-uns']],
      ],
    )
    assert.equal(proxy.host.metric('access_audits_total', { rule: 'lokal-für-uns' }), 2)
  })

  test('and that failed, with its code', async t => {
    const { back, path, accessLog } = await scene(t)
    back.close()
    await using proxy = await startProxy([back.address], { protocol: 'tcp', accessLog })
    const client = await proxy.client()
    await client.end()
    const [line] = (await linesOf(proxy, path)) as Record<string, unknown>[]
    assert.equal(line!['failure'], 'upstream_connect_failed')
    assert.match(String(line!['detail']), /ECONNREFUSED/)
    assert.equal('status' in line!, false)
  })

  test('in Envoy’s operators too', async t => {
    const { back, path } = await scene(t)
    const template =
      '%PROTOCOL% %REQ(:METHOD)% %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER% %REQUESTED_SERVER_NAME% %REQ(:SCHEME)%'
    const accessLog = [{ to: { file: { path } }, format: 'template', template }]
    await using proxy = await startProxy([back.address], { protocol: 'tcp', accessLog })
    const client = await proxy.client()
    client.say('abc')
    const peer = await back.next()
    await peer.hears(/abc/)
    client.socket.end()
    await peer.end()
    peer.socket.end()
    await tunnelsEnd(proxy)
    await proxy.host.close()
    assert.equal(await readFile(path, 'utf8'), 'TCP - 0 - 3 0 back - -\n')
  })
})

describe('the access log tells of a tunnel', () => {
  test('by CONNECT', async t => {
    const { back, path, accessLog } = await scene(t)
    const forward = { allow: [`${back.address.replace(':', '/32:')}`] }
    await using proxy = await startProxy(['127.0.0.1:9'], { upstream: undefined, forward, accessLog })
    const client = await proxy.client()
    client.say(`CONNECT ${back.address} HTTP/1.1\r\nHost: ${back.address}\r\n\r\n`)
    const peer = await back.next()
    await client.hears(/200 .*\r\n\r\n$/)
    client.say('hello')
    await peer.hears(/hello/)
    peer.socket.end('bye')
    await client.end()
    client.socket.end()
    await Promise.all([client.gone(), peer.gone()])
    const refused = await proxy.client()
    refused.say('CONNECT 10.1.2.3:443 HTTP/1.1\r\nHost: 10.1.2.3:443\r\n\r\n')
    await refused.hears(/denied/)
    const [line, other] = (await linesOf(proxy, path)) as Record<string, unknown>[]
    assert.deepEqual(line, {
      ...{ listener: 'front', method: 'CONNECT', path: '', protocol: 'HTTP/1.1', host: back.address },
      ...{ status: 200, bytes_received: 5, bytes_sent: 3, upstream: line!['upstream'] },
      ...{ endpoint: back.address, client: '127.0.0.1' },
    })
    assert.equal(other!['failure'], 'denied')
    assert.equal(other!['status'], 403)
  })

  test('by an upgrade to another protocol', async t => {
    const { back, path, accessLog } = await scene(t)
    await using proxy = await startProxy([back.address], { accessLog })
    const client = await proxy.client()
    client.say('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.say('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await client.hears(/\r\n\r\n$/)
    client.say('hello')
    await peer.hears(/hello$/)
    peer.socket.end('bye')
    await client.end()
    client.socket.end()
    await Promise.all([client.gone(), peer.gone()])
    const [line] = (await linesOf(proxy, path)) as Record<string, unknown>[]
    assert.deepEqual(
      [line!['path'], line!['status'], line!['bytes_received'], line!['bytes_sent']],
      ['/ws', 101, 5, 3],
    )
  })
})

describe('the access log tells of what is no request', () => {
  const table: [what: string, said: string, known: object][] = [
    ['a first line that is none', 'hello\r\n\r\n', { status: 400 }],
    [
      'a request without a host',
      'GET /cart?token=hush HTTP/1.1\r\nA: b\r\n\r\n',
      { status: 400, method: 'GET', path: '/cart' },
    ],
    ['a path that is too long', `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, { status: 414 }],
    [
      'too many fields',
      `PUT /a HTTP/1.1\r\nHost: a\r\n${'A: b\r\n'.repeat(200)}\r\n`,
      { status: 431, method: 'PUT', path: '/a' },
    ],
  ]
  for (const [what, said, known] of table)
    test(what, async t => {
      const { back, path, accessLog } = await scene(t)
      await using proxy = await startProxy([back.address], { accessLog })
      const client = await proxy.client()
      client.say(said)
      await client.hears(/\n$/)
      const [line] = (await linesOf(proxy, path)) as Record<string, unknown>[]
      const { detail, ...rest } = line!
      assert.equal(typeof detail, 'string')
      assert.deepEqual(rest, {
        ...{ listener: 'front', protocol: 'HTTP/1.1', failure: 'bad_request' },
        ...{ bytes_received: 0, bytes_sent: 0, client: '127.0.0.1', ...known },
      })
      assert.equal((await readFile(path, 'utf8')).includes('hush'), false)
    })

  test('a head that does not come to its end', async t => {
    const { back, path, accessLog } = await scene(t)
    const clock = new FakeClock()
    await using proxy = await startProxy([back.address], { accessLog }, clock)
    const client = await proxy.client()
    client.say('GET /%zz HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost:')
    await client.hears(/bad_request/)
    clock.advance(11_000)
    await client.hears(/ 408 /)
    assert.equal(
      proxy.host.metric('rejected_requests_total', {
        listener: 'front',
        reason: 'head_timeout',
        failure: 'request_timeout',
      }),
      1,
    )
    const [, line] = (await linesOf(proxy, path)) as Record<string, unknown>[]
    assert.deepEqual([line!['status'], line!['failure']], [408, 'request_timeout'])
  })

  test('over HTTP/2 with the path that was asked for', async t => {
    const { back, path, accessLog } = await scene(t)
    await using proxy = await startProxy([back.address], { accessLog })
    const session = connectHttp2(`http://127.0.0.1:${proxy.port}`)
    t.after(() => session.destroy())
    session.on('error', () => {})
    const stream = session.request({ ':path': `/${'x'.repeat(9000)}?token=hush` })
    stream.on('error', () => {})
    await new Promise<void>(resolve => stream.once('response', () => resolve()))
    const [line] = (await linesOf(proxy, path)) as Record<string, unknown>[]
    assert.deepEqual([line!['status'], line!['protocol'], line!['method']], [414, 'HTTP/2', 'GET'])
    assert.equal((await readFile(path, 'utf8')).includes('hush'), false)
  })

  test('once alone where its request is told of', async t => {
    const { back, path, accessLog } = await scene(t)
    await using proxy = await startProxy([back.address], { accessLog })
    const client = await proxy.client()
    client.say('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    await (await back.next()).hears(/\r\n\r\n/)
    client.say('nonsense\r\n')
    await client.hears(/400 /)
    const lines = (await linesOf(proxy, path)) as Record<string, unknown>[]
    assert.deepEqual(
      lines.map(line => [line['method'], line['failure']]),
      [['POST', 'bad_request']],
    )
  })
})

test('a listener that a reload opens is watched from its first request on', async t => {
  const { back, path, accessLog } = await scene(t)
  await using proxy = await startProxy([back.address], {}, undefined, {}, { accessLog })
  const next = proxy.configured({ name: 'second' })
  const opening = proxy.running.update!(next)
  const address = (): { port: number } | undefined =>
    proxy.host.log.of('listening')[1]?.fields['address'] as { port: number } | undefined
  // In the turn in which it listens, before the rest of the reload.
  while (address() === undefined) await new Promise(resolve => setImmediate(resolve))
  const { RawPeer } = await import('../../../http/raw-peer-fake.ts')
  const client = await RawPeer.connect(address()!.port)
  t.after(() => client.socket.destroy())
  client.say('GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.hears(/bad_request/)
  assert.equal(await opening, true)
  const [line] = (await linesOf(proxy, path)) as Record<string, unknown>[]
  assert.equal(line!['listener'], 'second')
})
