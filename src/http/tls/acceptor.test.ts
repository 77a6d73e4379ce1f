import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectPlain, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { openAuthority } from '../../authority/authority.ts'
import { type TestAuthority, testAuthority } from '../../authority/authority-fake.ts'
import { issueWithKey } from '../../authority/own-certificate.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { workloadId } from '../../wire/spiffe/identity.ts'
import type { Timers } from '../timers.ts'
import { createTlsAcceptor, type TlsAcceptor, type TlsAcceptorOptions, type TlsPeer } from './acceptor.ts'
import type { HandshakeFailure } from './failure.ts'
import { tlsListener } from './mode.ts'

const HOUR_MS = 3600_000
let ours: TestAuthority
let foreign: TestAuthority
let otherDomain: TestAuthority
let server: { chain: string; key: string }

before(async () => {
  ours = await testAuthority()
  foreign = await testAuthority()
  otherDomain = await testAuthority('elsewhere.test')
  server = await ours.pair('server')
})

interface Served extends AsyncDisposable {
  readonly port: number
  readonly acceptor: TlsAcceptor
  readonly peers: TlsPeer[]
  /** Resolves with the next failure. */
  failure(): Promise<HandshakeFailure>
}

/** An echo behind the acceptor. */
async function serve(
  options: Partial<TlsAcceptorOptions> = {},
  mode: 'strict' | 'permissive' = 'strict',
): Promise<Served> {
  const peers: TlsPeer[] = []
  const failures: HandshakeFailure[] = []
  let wake = () => {}
  const clock: Timers = options.clock ?? systemClock()
  const acceptor = createTlsAcceptor({
    materials: { fallback: server, trustBundle: ours.authority.trustBundle },
    clock,
    onFailure: reason => {
      failures.push(reason)
      wake()
    },
    ...options,
  })
  const echo = (socket: Socket) => void socket.on('error', () => {}).pipe(socket)
  const sockets = new Set<Socket>()
  const accept = tlsListener({
    mode,
    acceptor,
    clock,
    onSecure: (socket, peer) => {
      peers.push(peer)
      echo(socket)
    },
    onPlain: echo,
  })
  const listener = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    accept(socket)
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as { port: number }).port,
    acceptor,
    peers,
    async failure() {
      while (failures.length === 0)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      return failures.shift()!
    },
    async [Symbol.asyncDispose]() {
      acceptor.close()
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

function open(port: number, options: ConnectionOptions = {}): TLSSocket {
  const ca = ours.authority.trustBundle
  return connect({ port, host: '127.0.0.1', ca, servername: 'localhost', ...options }).on('error', () => {})
}

/** Connects, sends a word and reads it back; resolves with the socket, which is still open. */
async function greet(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = open(port, options)
  await once(socket, 'secureConnect')
  socket.write('hello')
  assert.equal(String((await once(socket, 'data'))[0]), 'hello')
  return socket
}

test('a client that trusts the authority gets through, and its words come back', async () => {
  await using served = await serve({ alpn: ['h2', 'http/1.1'] })
  const socket = await greet(served.port, { ALPNProtocols: ['http/1.1', 'h2'] })
  assert.equal(socket.alpnProtocol, 'h2')
  assert.equal(socket.getProtocol(), 'TLSv1.3')
  assert.deepEqual(served.peers, [{ certified: false, alpn: 'h2', sni: 'localhost' }])
  assert.equal(served.acceptor.handshakes, 0)
  socket.destroy()
})

test('TLS 1.2 is spoken with those who know no better', async () => {
  await using served = await serve()
  const socket = await greet(served.port, { maxVersion: 'TLSv1.2' })
  assert.equal(socket.getProtocol(), 'TLSv1.2')
  assert.deepEqual(served.peers, [{ certified: false, alpn: '', sni: 'localhost' }])
  socket.destroy()
})

test('the certificate is chosen by the name: exact, then wildcard, then the fallback', async () => {
  const byName = {
    'shop.example': await ours.pair('exact', { names: ['shop.example'] }),
    '*.example': await ours.pair('wildcard', { names: ['*.example'] }),
  }
  await using served = await serve({ materials: { fallback: server, byName } })
  for (const [servername, account] of [
    ['shop.example', 'exact'],
    ['SHOP.example', 'exact'],
    ['cart.example', 'wildcard'],
    ['a.cart.example', 'server'],
    ['localhost', 'server'],
  ] as const) {
    const socket = await greet(served.port, { servername, checkServerIdentity: () => undefined })
    assert.match(socket.getPeerCertificate().subjectaltname ?? '', new RegExp(`/sa/${account},`), servername)
    socket.destroy()
  }
})

test('a name without a certificate is refused when there is no fallback', async () => {
  await using served = await serve({ materials: { byName: { 'shop.example': server } } })
  open(served.port, { servername: 'other.example' })
  assert.equal(await served.failure(), 'no_certificate_for_name')
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a ${version} session is resumed, also after a new certificate, until the authorities change`, async () => {
    const client = await ours.pair('client')
    await using served = await serve({ clientCertificates: 'require', trustDomain: 'example.org' })
    let session: Buffer | undefined
    const again = async (): Promise<boolean> => {
      const socket = open(served.port, {
        cert: client.chain,
        key: client.key,
        maxVersion: version,
        ...(session && { session }),
      })
      socket.on('session', next => {
        session = next
      })
      await once(socket, 'secureConnect')
      socket.write('hello')
      await once(socket, 'data')
      const reused = socket.isSessionReused()
      socket.destroy()
      return reused
    }
    assert.equal(await again(), false)
    assert.equal(await again(), true)
    const trustBundle = ours.authority.trustBundle
    served.acceptor.update({ fallback: await ours.pair('renewed'), trustBundle })
    assert.equal(await again(), true)
    served.acceptor.update({ fallback: server, trustBundle: trustBundle + foreign.authority.trustBundle })
    assert.equal(await again(), false)
    const identity = 'spiffe://example.org/ns/shop/sa/client'
    assert.deepEqual(
      served.peers.map(peer => peer.identity),
      [identity, identity, identity, identity],
    )
  })
}

test('a new certificate is shown to new connections, and open ones go on', async () => {
  await using served = await serve()
  const old = await greet(served.port)
  served.acceptor.update({ fallback: await ours.pair('renewed') })
  const young = await greet(served.port)
  assert.match(old.getPeerCertificate().subjectaltname ?? '', /sa\/server/)
  assert.match(young.getPeerCertificate().subjectaltname ?? '', /sa\/renewed/)
  old.write('still here')
  assert.equal(String((await once(old, 'data'))[0]), 'still here')
  old.destroy()
  young.destroy()
})

test('materials that cannot be used change nothing, and the message says what they are', async () => {
  await using served = await serve()
  const other = await ours.pair('other')
  const unusable: [Parameters<TlsAcceptor['update']>[0], RegExp][] = [
    [
      { fallback: { chain: server.chain, key: other.key } },
      /the certificate, its key or the trust bundle cannot/,
    ],
    [{ byName: { 'a.example': { chain: 'x', key: 'y' } } }, /the certificate or key for a\.example cannot/],
    [{}, /no certificate to show/],
  ]
  for (const [materials, message] of unusable)
    assert.throws(() => served.acceptor.update(materials), { name: 'TypeError', message })
  const socket = await greet(served.port)
  socket.destroy()
})

test('asking for client certificates without authorities to check them is a mistake', () => {
  const materials = { fallback: server }
  assert.throws(
    () => createTlsAcceptor({ materials, clock: systemClock(), clientCertificates: 'request' }),
    /no trust bundle/,
  )
})

const clients: {
  readonly what: string
  readonly mode: 'request' | 'require'
  readonly client?: () => Promise<{ chain: string; key: string }>
  readonly expected: HandshakeFailure | { identity?: string }
}[] = [
  {
    what: 'its own certificate',
    mode: 'require',
    client: () => ours.pair('client'),
    expected: { identity: 'spiffe://example.org/ns/shop/sa/client' },
  },
  { what: 'no certificate', mode: 'require', expected: 'certificate_missing' },
  { what: 'no certificate', mode: 'request', expected: {} },
  {
    what: 'one of another authority',
    mode: 'require',
    client: () => foreign.pair('client'),
    expected: 'certificate_untrusted',
  },
  {
    what: 'one of another authority',
    mode: 'request',
    client: () => foreign.pair('client'),
    expected: 'certificate_untrusted',
  },
  {
    what: 'one of another trust domain',
    mode: 'require',
    client: () => otherDomain.pair('client'),
    expected: 'identity_untrusted',
  },
  {
    what: 'an expired one',
    mode: 'require',
    client: async () => {
      const early = { now: () => Date.now() - 2 * HOUR_MS }
      const { root } = ours.made
      // The root is younger than that: nobody checks that a leaf begins after it.
      const authority = await openAuthority({ clock: early, rootCertificate: root.certificate, signer: root })
      return issueWithKey(authority, workloadId('example.org', 'shop', 'late'), [], HOUR_MS)
    },
    expected: 'certificate_expired',
  },
]
for (const { what, mode, client, expected } of clients)
  test(`with client certificates on ${mode}, a client with ${what}: ${JSON.stringify(expected)}`, async () => {
    const pair = await client?.()
    // Both authorities are trusted, so that only the name in the certificate is wrong.
    const trustBundle = ours.authority.trustBundle + otherDomain.authority.trustBundle
    await using served = await serve({
      materials: { fallback: server, trustBundle },
      clientCertificates: mode,
      trustDomain: 'example.org',
    })
    const options = pair === undefined ? {} : { cert: pair.chain, key: pair.key }
    if (typeof expected === 'string') {
      const socket = open(served.port, options)
      socket.resume()
      const [failure] = await Promise.all([served.failure(), once(socket, 'close')])
      assert.equal(failure, expected)
      assert.deepEqual(served.peers, [])
    } else {
      const socket = await greet(served.port, options)
      assert.deepEqual(served.peers, [
        { certified: expected.identity !== undefined, alpn: '', sni: 'localhost', ...expected },
      ])
      socket.destroy()
    }
  })

const broken: [string, HandshakeFailure, (port: number) => Socket][] = [
  ['plain HTTP', 'plaintext', port => sending(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['other plain text', 'plaintext', port => sending(port, 'EHLO there, this is mail\r\n')],
  ['no protocol in common', 'no_common_protocol', port => open(port, { ALPNProtocols: ['foo'] })],
  [
    'an old version',
    'no_common_version',
    port => open(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
  ],
  ['a goodbye after the first bytes', 'closed', port => sending(port, Buffer.of(22, 3, 1), true)],
  ['a broken handshake', 'malformed', port => sending(port, Buffer.of(22, 3, 1, 0, 4, 1, 0, 0, 0))],
]
for (const [what, reason, act] of broken)
  test(`${what}: ${reason}`, async () => {
    await using served = await serve()
    act(served.port)
    assert.equal(await served.failure(), reason)
    assert.equal(served.acceptor.handshakes, 0)
  })

function sending(port: number, bytes: string | Buffer, end = false): Socket {
  const socket = connectPlain(port, '127.0.0.1', () => (end ? socket.end(bytes) : socket.write(bytes)))
  return socket.on('error', () => {})
}

test('who is silent is shut out after the time for handshakes', async () => {
  const clock = new FakeClock(Date.now())
  await using served = await serve({ clock, handshakeTimeoutMs: 5000 })
  const socket = connectPlain(served.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  while (served.acceptor.handshakes === 0) await new Promise(resolve => setImmediate(resolve))
  clock.advance(4000)
  assert.equal(served.acceptor.handshakes, 1)
  clock.advance(2000)
  assert.equal(await served.failure(), 'timeout')
  socket.resume()
  await once(socket, 'close')
  assert.equal(clock.pending, 0)
})

test('permissive: TLS for those who speak it, plain for the others, no byte lost', async () => {
  await using served = await serve({}, 'permissive')
  const secure = await greet(served.port)
  assert.equal(served.peers.length, 1)
  const plain = sending(served.port, 'GET ')
  assert.equal(String((await once(plain, 'data'))[0]), 'GET ')
  plain.write('more')
  assert.equal(String((await once(plain, 'data'))[0]), 'more')
  assert.equal(served.peers.length, 1)
  secure.destroy()
  plain.destroy()
})

test('permissive: a handshake that comes byte by byte is one', async () => {
  await using served = await serve({}, 'permissive')
  const relay = createServer(socket => {
    const target = connectPlain(served.port, '127.0.0.1')
    target.on('error', () => {}).pipe(socket.on('error', () => {}))
    socket.once('data', async (bytes: Buffer) => {
      target.write(bytes.subarray(0, 1))
      while (served.acceptor.handshakes === 0) await new Promise(resolve => setImmediate(resolve))
      target.write(bytes.subarray(1))
      socket.pipe(target)
    })
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const socket = await greet((relay.address() as { port: number }).port)
  socket.destroy()
  relay.close()
})

test('permissive: who waits for the server to speak is a plain client', async () => {
  const clock = new FakeClock()
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const acceptor = createTlsAcceptor({ materials: { fallback: server }, clock })
  const accept = tlsListener({ mode: 'permissive', clock, acceptor, onSecure: () => {}, onPlain: resolve })
  const listener = createServer(accept).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const client = connectPlain((listener.address() as { port: number }).port, '127.0.0.1')
  await once(listener, 'connection')
  clock.advance(1500)
  const plain = await promise
  plain.write('220 welcome\r\n')
  assert.equal(String((await once(client, 'data'))[0]), '220 welcome\r\n')
  client.destroy()
  plain.destroy()
  listener.close()
  assert.equal(clock.pending, 0)
})

test('permissive and strict need an acceptor', () => {
  const options = { clock: systemClock(), onSecure: () => {}, onPlain: () => {} }
  assert.throws(() => tlsListener({ ...options, mode: 'strict' }), /strict needs an acceptor/)
})

const skip = spawnSync('openssl', ['version']).status !== 0

test('openssl s_client resumes its sessions', { skip }, async () => {
  await using served = await serve()
  const output = await sClient(served.port, ours.authority.trustBundle, '-tls1_2', '-reconnect')
  assert.match(output, /Verify return code: 0 \(ok\)/)
  assert.equal(output.match(/^Reused, TLSv1\.2/gm)?.length, 5)
})

test('a client that does not accept the certificate is told apart', { skip }, async () => {
  await using served = await serve()
  const output = sClient(served.port, foreign.authority.trustBundle)
  assert.equal(await served.failure(), 'refused_by_client')
  await output
})

async function sClient(port: number, trustBundle: string, ...more: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
  try {
    await writeFile(join(folder, 'ca.pem'), trustBundle)
    const args = [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      '-CAfile',
      'ca.pem',
      '-verify_return_error',
      ...more,
    ]
    const child = spawn('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    await once(child, 'close')
    return output
  } finally {
    await rm(folder, { recursive: true, maxRetries: 9 })
  }
}
