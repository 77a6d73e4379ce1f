import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { type TestAuthority, testAuthority } from '../../authority/authority-fake.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { createTlsAcceptor, type TlsPeer } from '../tls/acceptor.ts'
import type { Certificate, CertificateSource } from '../tls/certificate.ts'
import { type ClientTls, createDialer } from './dial.ts'

let ours: TestAuthority
let foreign: TestAuthority
before(async () => {
  ours = await testAuthority()
  foreign = await testAuthority()
})

/** A server that asks for an identity; its certificate is good for no host name. */
async function serve(minVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.2') {
  const peers: TlsPeer[] = []
  const sockets = new Set<Socket>()
  const acceptor = createTlsAcceptor({
    materials: {
      fallback: await ours.pair('server', { names: [] }),
      trustBundle: ours.authority.trustBundle,
    },
    clock: systemClock(),
    clientCertificates: 'request',
    minVersion,
  })
  const listener = createServer(raw => {
    sockets.add(raw.on('error', () => {}))
    acceptor.accept(raw, (socket, peer) => {
      peers.push(peer)
      socket.write('x')
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  return {
    peers,
    url: new URL(`https://localhost:${port}`),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

/** Resolves once the first byte has come, which a session ticket precedes; rejects when the server is not trusted. */
async function dialled(socket: Socket): Promise<boolean> {
  await once(socket, 'secureConnect')
  await once(socket, 'data')
  const reused = (socket as TLSSocket).isSessionReused()
  socket.destroy()
  return reused
}

const trusting = (more: ClientTls = {}): ClientTls => ({ ca: ours.authority.trustBundle, ...more })
const server = 'spiffe://example.org/ns/shop/sa/server'

const verdicts: [string, () => ClientTls, RegExp | undefined][] = [
  [
    'any identity of the domain',
    () => trusting({ verifyIdentity: { trustDomain: 'example.org' } }),
    undefined,
  ],
  [
    'the right identity',
    () => trusting({ verifyIdentity: { trustDomain: 'example.org', oneOf: [server] } }),
    undefined,
  ],
  [
    'another identity',
    () => trusting({ verifyIdentity: { trustDomain: 'example.org', oneOf: [`${server}2`] } }),
    /is not who it should be: it is spiffe:.*server, expected spiffe:.*server2/,
  ],
  [
    'another domain',
    () => trusting({ verifyIdentity: { trustDomain: 'other.test' } }),
    /not of the trust domain/,
  ],
  ['its host name', () => trusting(), /does not match certificate/],
  [
    'another authority',
    () => ({ ca: foreign.authority.trustBundle, verifyIdentity: { trustDomain: 'example.org' } }),
    /unable to verify|self.signed|signature/i,
  ],
]
for (const [what, tls, problem] of verdicts)
  test(`a server is checked for ${what}: ${problem ? 'refused' : 'accepted'}, each time`, async () => {
    await using served = await serve()
    const dialer = createDialer(served.url, tls())
    for (let count = 0; count < 3; count++) {
      if (problem) await assert.rejects(dialled(dialer.dial()), problem)
      else assert.equal(await dialled(dialer.dial()), count > 0)
    }
  })

test('a renewed certificate is shown from the next connection on, in a session of its own', async () => {
  await using served = await serve()
  const certificate = async (account: string): Promise<Certificate> => {
    const { chain, key, identity, notAfterMs } = await ours.pair(account)
    return { chain, key, identity, notBeforeMs: 0, notAfterMs, trustBundle: ours.authority.trustBundle }
  }
  let current = await certificate('one')
  const source: CertificateSource = { current: () => current, onChange: () => () => {} }
  const dialer = createDialer(served.url, { source, verifyIdentity: { trustDomain: 'example.org' } })
  assert.equal(await dialled(dialer.dial()), false)
  assert.equal(await dialled(dialer.dial()), true)
  current = await certificate('two')
  assert.equal(await dialled(dialer.dial()), false)
  assert.deepEqual(
    served.peers.map(peer => peer.identity?.split('/').at(-1)),
    ['one', 'one', 'two'],
  )
})
