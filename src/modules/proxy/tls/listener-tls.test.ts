import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { missing } from '../../../../test/fakes/programs.ts'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { echoBackend } from '../echo-fake.ts'
import { type FakeProxy, rawBackend, startProxy } from '../proxy-fake.ts'

let folder: string
let ours: TestAuthority
const file = (name: string) => join(folder, name)

/** A certificate's files; the options that name them. */
async function pair(
  name: string,
  names: readonly string[] = ['localhost', '127.0.0.1'],
  from = ours,
  lifetimeMs = 3600_000,
): Promise<{ cert: string; key: string }> {
  const { chain, key } = await from.pair(name, { names, lifetimeMs })
  await writeFile(file(`${name}.crt`), chain)
  await writeFile(file(`${name}.key`), key)
  return { cert: file(`${name}.crt`), key: file(`${name}.key`) }
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-tls-'))
  ours = await testAuthority()
  await writeFile(file('ca.crt'), ours.authority.trustBundle)
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

function curl(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile('curl', ['-sS', '--cacert', file('ca.crt'), ...args], (error, stdout, stderr) =>
      error ? reject(new Error(stderr)) : resolve(stdout),
    ),
  )
}

/** The certificate that is shown to a client who asks for this name. */
async function shownFor(port: number, servername: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername, ca: ours.authority.trustBundle })
  await once(socket, 'secureConnect')
  const uri = socket.getPeerX509Certificate()!.subjectAltName!
  socket.destroy()
  return /sa\/([\w-]+)/.exec(uri)![1]!
}

const handshakes = (proxy: FakeProxy, version: string, alpn: string, resumed = 'false') =>
  proxy.host.metric('tls_handshakes_total', { listener: 'front', version, alpn, resumed })
const failed = (proxy: FakeProxy, reason: string) =>
  proxy.host.metric('tls_handshake_failures_total', { listener: 'front', reason })

describe('a listener with TLS', { skip: missing('curl') }, () => {
  for (const [flag, version, alpn] of [
    ['--http1.1', '1.1', 'http/1.1'],
    ['--http2', '2', 'h2'],
  ] as const)
    test(`takes HTTP/${version} of curl to a backend without TLS, which hears of https`, async () => {
      using back = await echoBackend('hello')
      await using proxy = await startProxy([back.address], { tls: { certificates: [await pair('front')] } })
      const url = `https://localhost:${proxy.port}/a`
      assert.equal(await curl(flag, '-w', ' %{http_version} %{http_code}', url), `hello ${version} 200`)
      assert.equal(back.heard[0]!.headers.get('x-forwarded-proto'), 'https')
      assert.equal(handshakes(proxy, 'TLSv1.3', alpn), 1)
    })

  test('answers plain HTTP with 400 in words, and counts it', async () => {
    using back = await echoBackend('hello')
    await using proxy = await startProxy([back.address], { tls: { certificates: [await pair('front')] } })
    const answer = await curl('-w', '%{http_code}', `http://127.0.0.1:${proxy.port}/`)
    assert.equal(answer, 'this port speaks TLS: use https\n400')
    assert.equal(failed(proxy, 'plaintext'), 1)
    assert.deepEqual(back.heard, [])
  })

  test('takes both in permissive mode', async () => {
    using back = await echoBackend('hello')
    const tls = { mode: 'permissive', certificates: [await pair('front')] }
    await using proxy = await startProxy([back.address], { tls })
    assert.equal(await curl(`http://127.0.0.1:${proxy.port}/`), 'hello')
    assert.equal(await curl(`https://127.0.0.1:${proxy.port}/`), 'hello')
    assert.deepEqual(
      back.heard.map(({ headers }) => headers.get('x-forwarded-proto')),
      ['http', 'https'],
    )
    assert.equal(proxy.host.metric('tls_plain_connections_total', { listener: 'front' }), 1)
  })

  test('tells its backend of a verified client, whatever the client says of itself', async () => {
    using back = await echoBackend('hello')
    const tls = {
      certificates: [await pair('front')],
      clients: 'request',
      ca: file('ca.crt'),
      trustDomain: 'example.org',
      forwardClientCert: 'sanitize_set',
    }
    await using proxy = await startProxy([back.address], { tls })
    const { cert, key } = await pair('cart', ['cart.shop.svc'])
    const url = `https://127.0.0.1:${proxy.port}/`
    const forged = ['-H', 'X-Forwarded-Client-Cert: URI=spiffe://example.org/ns/shop/sa/admin']
    await curl(...forged, '--cert', cert, '--key', key, url)
    await curl(...forged, url)
    const [known, unknown] = back.heard.map(({ headers }) => headers.get('x-forwarded-client-cert'))
    assert.match(
      known!,
      /^Hash=[0-9a-f]{64};Subject=".*";URI=spiffe:\/\/example.org\/ns\/shop\/sa\/cart;DNS=cart.shop.svc$/,
    )
    assert.equal(unknown, undefined)
    const counted = (source: string) =>
      proxy.host.registry
        .collect()
        .find(({ name }) => name.endsWith('proxy_requests'))!
        .samples.filter(({ labels }) => labels.some(([, value]) => value === source)).length
    assert.equal(counted('spiffe://example.org/ns/shop/sa/cart'), 1)
  })

  test('shows the certificate of the name that is asked for, exact before *., then the first', async () => {
    const certificates = [
      await pair('first', ['localhost']),
      await pair('exact', ['a.shop.test']),
      { ...(await pair('wild', ['elsewhere.test'])), names: ['*.shop.test'] },
    ]
    await using proxy = await startProxy(['127.0.0.1:9'], { tls: { certificates } })
    for (const [name, expected] of [
      ['localhost', 'first'],
      ['a.shop.test', 'exact'],
    ] as const)
      assert.equal(await shownFor(proxy.port, name), expected)
    const socket = connect({
      port: proxy.port,
      host: '127.0.0.1',
      servername: 'b.shop.test',
      rejectUnauthorized: false,
    })
    await once(socket, 'secureConnect')
    assert.match(socket.getPeerX509Certificate()!.subjectAltName!, /sa\/wild/)
    socket.destroy()
  })

  test('refuses TLS 1.2 where 1.3 is asked for, and clients without a certificate where one is required', async () => {
    const tls = {
      certificates: [await pair('front')],
      minVersion: 'TLSv1.3',
      clients: 'require',
      ca: file('ca.crt'),
    }
    await using proxy = await startProxy(['127.0.0.1:9'], { tls })
    await assert.rejects(curl('--tls-max', '1.2', `https://127.0.0.1:${proxy.port}/`), /curl: \(35\)/)
    await assert.rejects(curl(`https://127.0.0.1:${proxy.port}/`), /curl: \(\d+\)/)
    assert.equal(failed(proxy, 'no_common_version'), 1)
    assert.equal(failed(proxy, 'certificate_missing'), 1)
  })
})

test('a session is resumed on the next connection', async () => {
  using back = await echoBackend('hello')
  await using proxy = await startProxy([back.address], { tls: { certificates: [await pair('front')] } })
  const dial = async (session?: Buffer): Promise<{ socket: TLSSocket; session: Buffer | undefined }> => {
    const socket = connect({
      port: proxy.port,
      servername: 'localhost',
      ca: ours.authority.trustBundle,
      ...(session && { session }),
    })
    let last: Buffer | undefined
    socket.on('session', next => {
      last = next
    })
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    return { socket, session: last }
  }
  const first = await dial()
  first.socket.destroy()
  const second = await dial(first.session)
  assert.equal(second.socket.isSessionReused(), true)
  second.socket.destroy()
  assert.equal(handshakes(proxy, 'TLSv1.3', 'none', 'true'), 1)
})

test('a certificate that is renewed is shown from then on, and open connections go on', async () => {
  using back = await echoBackend('hello')
  const files = await pair('renewed')
  await using proxy = await startProxy([back.address], { versions: 'http1', tls: { certificates: [files] } })
  const old = connect({ port: proxy.port, servername: 'localhost', ca: ours.authority.trustBundle })
  await once(old, 'secureConnect')
  const { chain, key } = await ours.pair('next')
  await writeFile(files.cert, chain)
  await writeFile(files.key, key)
  while (proxy.host.log.of('certificate_changed').length === 0)
    await new Promise(resolve => setImmediate(resolve))
  assert.equal(await shownFor(proxy.port, 'localhost'), 'next')
  old.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(String((await once(old, 'data'))[0]), /^HTTP\/1.1 200/)
  old.destroy()
})

test('files that do not fit later are told of, and the last good ones stay', async () => {
  const files = await pair('spoilt')
  await using proxy = await startProxy(['127.0.0.1:9'], { tls: { certificates: [files] } })
  await writeFile(files.key, (await ours.pair('other')).key)
  while (proxy.host.log.of('certificate_unusable').length === 0)
    await new Promise(resolve => setImmediate(resolve))
  assert.equal(await shownFor(proxy.port, 'localhost'), 'spoilt')
  const [record] = proxy.host.log.of('certificate_unusable')
  assert.match(
    String((record!.fields['error'] as Error).message),
    /certificates\[0\]: the key does not belong/,
  )
  assert.ok(!JSON.stringify(proxy.host.log.records).includes('PRIVATE KEY'))
})

for (const [what, certificates, message] of [
  [
    'a missing file',
    [{ cert: '/nowhere/tls.crt', key: '/nowhere/tls.key' }],
    /tls\.certificates\[0\]\.cert: cannot read \/nowhere\/tls\.crt: there is no such file/,
  ],
  ['a folder', [{ cert: '/', key: '/' }], /tls\.certificates\[0\]\.cert: cannot read \/: it is a folder/],
] as const)
  test(`at the start ${what} is an error that names the option`, async () => {
    await assert.rejects(startProxy(['127.0.0.1:9'], { tls: { certificates } }), message)
  })

test('a certificate in the last tenth of its life, or expired, shows in health and metrics', async () => {
  const files = await pair('short', ['localhost'], ours, 60_000)
  await using proxy = await startProxy(['127.0.0.1:9'], { tls: { certificates: [files] } })
  const at = (nowMs: number) => {
    const { clock } = proxy.host
    const now = clock.now
    clock.now = () => nowMs
    try {
      return proxy.running.health()
    } finally {
      clock.now = now
    }
  }
  const seconds = proxy.host.metric('certificate_expiry_seconds', { certificate: files.cert })!
  const expiresMs = Date.now() + seconds * 1000
  assert.equal(at(Date.now()).state, 'ok')
  assert.match(
    at(expiresMs - 2000).message!,
    /listener front: the certificate .*short\.crt expires at .* and was not renewed/,
  )
  assert.match(at(expiresMs + 2000).message!, /short\.crt expired at/)
  assert.equal(at(expiresMs + 2000).ready, true)
})

test('handshakes above the limit are closed at once, and one that takes too long is ended', async () => {
  const tls = { certificates: [await pair('front')], maxHandshakes: 1, handshakeTimeout: '300ms' }
  await using proxy = await startProxy(['127.0.0.1:9'], { tls })
  const slow = connectPlain(proxy.port, '127.0.0.1').on('error', () => {})
  await once(slow, 'connect')
  const more = connectPlain(proxy.port, '127.0.0.1').on('error', () => {})
  more.resume()
  slow.resume()
  await once(more, 'close')
  assert.equal(failed(proxy, 'too_many_handshakes'), 1)
  await once(slow, 'close')
  assert.equal(failed(proxy, 'timeout'), 1)
})

test('an update takes TLS over in place, or refuses it with nothing changed', async () => {
  using back = await echoBackend('hello')
  await using proxy = await startProxy([back.address])
  const next = proxy.configured({ tls: { certificates: [await pair('later')] } })
  assert.equal(await proxy.running.update!(next), true)
  assert.equal(await shownFor(proxy.port, 'localhost'), 'later')
  const bad = proxy.configured({ tls: { certificates: [{ cert: '/nowhere', key: '/nowhere' }] } })
  await assert.rejects(proxy.running.update!(bad), /no such file/)
  assert.equal(await shownFor(proxy.port, 'localhost'), 'later')
})

test('protocol: tcp takes TLS off connections whose content it does not look at', async () => {
  const back = await rawBackend()
  await using proxy = await startProxy([back.address], {
    protocol: 'tcp',
    tls: { certificates: [await pair('relay')] },
  })
  const client = connect({ port: proxy.port, servername: 'localhost', ca: ours.authority.trustBundle })
  client.write('ping')
  const peer = await back.next()
  await peer.hears(/ping/)
  peer.say('pong')
  assert.equal(String((await once(client, 'data'))[0]), 'pong')
  client.end()
  await peer.end()
  peer.socket.end('last words')
  let last = ''
  client.on('data', bytes => {
    last += bytes
  })
  await once(client, 'close')
  assert.equal(last, 'last words')
  back.close()
})
