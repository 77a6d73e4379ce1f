import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import { type TestAuthority, testAuthority } from '../../authority/authority-fake.ts'
import { RawPeer } from '../../http/raw-peer-fake.ts'
import { checkProxy, proxyConfig } from './config.ts'
import { type FakeProxy, rawBackend, startProxy } from './proxy-fake.ts'
import { identityFiles, spiffeOf } from './tls/identity-files-fake.ts'

let folder: string
let ours: TestAuthority
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-tls-rules-'))
  ours = await testAuthority()
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

const open: (TLSSocket | Server)[] = []
afterEach(() => {
  for (const each of open.splice(0))
    if ('destroy' in each) each.destroy()
    else each.close()
})

/** A server of TLS that greets who has shaken hands, and how many connections it has taken. */
async function server(): Promise<{ address: string; taken(): number }> {
  const { chain: cert, key } = await ours.pair('db', { names: ['db.test', 'mail.test'] })
  let taken = 0
  const made = createServer({ cert, key }, socket => socket.end('welcome')).listen(0, '127.0.0.1')
  made.on('connection', () => taken++)
  await once(made, 'listening')
  open.push(made)
  const address = made.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { address: `127.0.0.1:${address.port}`, taken: () => taken }
}

/** What a client of TLS hears from the server behind; empty when its connection is closed instead. */
function asks(proxy: FakeProxy, servername: string, more: object = {}): Promise<string> {
  const at = { host: '127.0.0.1', port: proxy.port, servername, rejectUnauthorized: false, ...more }
  const socket = connect(at)
  open.push(socket)
  let heard = ''
  socket.on('data', chunk => {
    heard += chunk
  })
  socket.on('error', () => {})
  return new Promise(resolve => socket.on('close', () => resolve(heard)))
}

const allow = (rule: object) => ({ name: 'some', action: 'allow', ...rule })
const deny = (rule: object) => ({ name: 'not', action: 'deny', ...rule })
const refused = { listener: 'front', route: '', cluster: 'back', class: '4xx', failure: 'denied', source: '' }

describe('access rules hold for TLS that is passed on', () => {
  const here = { addresses: ['127.0.0.0/8'] }
  const there = { addresses: ['10.0.0.0/8'] }
  const mail = { serverNames: ['mail.*'] }
  const table: [what: string, rules: object[], name: string, passes: boolean][] = [
    ['a client whose address a rule allows', [allow({ from: [here] })], 'db.test', true],
    ['one whose address none allows', [allow({ from: [there] })], 'db.test', false],
    ['a server name that a rule allows', [allow({ to: [{ serverNames: ['*.test'] }] })], 'db.test', true],
    ['one that none allows', [allow({ to: [{ serverNames: ['*.test'] }] })], 'db.other', false],
    ['one that a rule denies', [allow({}), deny({ to: [mail] })], 'mail.test', false],
    ['another one than that', [allow({}), deny({ to: [mail] })], 'db.test', true],
    ['a name and an address together', [allow({ from: [here], to: [mail] })], 'mail.test', true],
    ['a name from another address', [allow({ from: [there], to: [mail] })], 'mail.test', false],
  ]
  for (const protocol of ['tls', 'auto'])
    for (const [what, rules, name, passes] of table)
      test(`${protocol}: ${what} ${passes ? 'passes' : 'is closed and counted, before any connection'}`, async () => {
        const back = await server()
        await using proxy = await startProxy([back.address], { protocol, access: { rules } })
        assert.equal(await asks(proxy, name), passes ? 'welcome' : '')
        assert.equal(back.taken(), passes ? 1 : 0)
        assert.equal(proxy.host.metric('requests_total', refused) ?? 0, passes ? 0 : 1)
        assert.equal(proxy.host.log.of('denied').length, passes ? 0 : 1)
      })

  test('of a listener with routes, whose upstreams are found by the name', async () => {
    const back = await server()
    const access = { rules: [deny({ to: [mail] })], otherwise: 'allow' }
    const routed = { upstream: undefined, routed: { gateway: 'inside' } }
    const upstreams = Object.fromEntries(
      ['db.test', 'mail.test'].map(name => [name, { endpoints: [{ address: back.address }] }]),
    )
    await using proxy = await startProxy(
      [],
      { protocol: 'tls', ...routed, access },
      undefined,
      {},
      { upstreams },
    )
    assert.equal(await asks(proxy, 'db.test'), 'welcome')
    assert.equal(await asks(proxy, 'mail.test'), '')
    assert.equal(back.taken(), 1)
  })
})

test('behind TLS of the sidecar access rules know who calls', async () => {
  const back = await rawBackend()
  const rules = [allow({ from: [{ identities: [spiffeOf('web')] }], to: [{ serverNames: ['db.test'] }] })]
  const listener = { protocol: 'tcp', tls: {}, access: { rules } }
  const identity = await identityFiles(folder, 'db', ours)
  await using proxy = await startProxy([back.address], listener, undefined, {}, { identity })
  for (const [account, name, passes] of [
    ['web', 'db.test', true],
    ['web', 'other.test', false],
    ['other', 'db.test', false],
  ] as const) {
    const { chain: cert, key } = await ours.pair(account)
    const answer = asks(proxy, name, { cert, key })
    if (passes) (await back.next()).socket.end('welcome')
    assert.equal(await answer, passes ? 'welcome' : '', `${account} ${name}`)
  }
  assert.equal(back.accepted.length, 1)
  back.close()
})

test('a request over TLS of the sidecar has the server name too', async () => {
  const rules = [deny({ to: [{ serverNames: ['*.admin.test'] }] })]
  const access = { rules, otherwise: 'allow' }
  const identity = await identityFiles(folder, 'front', ours)
  const listener = { tls: { clients: 'none' }, access }
  await using proxy = await startProxy(['127.0.0.1:9'], listener, undefined, {}, { identity })
  for (const [name, status] of [
    ['a.admin.test', 403],
    ['shop.test', 502],
  ] as const) {
    const at = { host: '127.0.0.1', port: proxy.port, servername: name, rejectUnauthorized: false }
    const socket = connect(at)
    open.push(socket)
    const client = new RawPeer(socket)
    client.say(`GET / HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.match(await client.hears(/\n$/), new RegExp(`^HTTP/1.1 ${status} `))
  }
})

describe('an access rule is refused that asks for what its connections never tell', () => {
  const table: [what: string, listener: object, rule: object, hint: string | undefined][] = [
    [
      'an identity of TLS that goes on to its server',
      { protocol: 'tls' },
      { from: [{ identities: ['*'] }] },
      'use serverNames, addresses and ports, or protocol: http',
    ],
    [
      'an identity without TLS',
      { protocol: 'tcp' },
      { from: [{ notIdentities: ['*'] }] },
      'use addresses and ports, or protocol: http',
    ],
    [
      'a server name without TLS',
      { protocol: 'tcp' },
      { to: [{ serverNames: ['a'] }] },
      'use addresses and ports, or protocol: http',
    ],
    [
      'a method behind TLS',
      { protocol: 'tcp', tls: {} },
      { to: [{ methods: ['GET'] }] },
      'use identities, serverNames, addresses and ports, or protocol: http',
    ],
    [
      'not an identity behind TLS',
      { protocol: 'tcp', tls: {} },
      { from: [{ identities: ['*'] }], to: [{ serverNames: ['a'] }] },
      undefined,
    ],
    ['not a server name', { protocol: 'tls' }, { to: [{ notServerNames: ['a'] }] }, undefined],
  ]
  for (const [what, listener, rule, hint] of table)
    test(what, () => {
      const decoded = proxyConfig.decode({
        listeners: [{ listen: '127.0.0.1:1', upstream: 'a', ...listener, access: { rules: [allow(rule)] } }],
        upstreams: { a: { endpoints: [{ address: '127.0.0.1:2' }] } },
        identity: { files: { cert: 'a', key: 'b', ca: 'c' } },
      })
      assert.ok(decoded.ok, JSON.stringify(decoded))
      assert.deepEqual(
        checkProxy(decoded.value).map(problem => [problem.path.join('.'), problem.hint]),
        hint === undefined ? [] : [['listeners.0.access.rules.0', hint]],
      )
    })
})
