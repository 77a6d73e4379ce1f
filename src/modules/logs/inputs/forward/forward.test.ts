import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { FluentClient } from '@fluent-org/logger'
import { decode, decodeMulti, ExtData, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { bedOf, heard, until } from '../network/bed.fake.ts'

const seconds = 1_441_588_984
const timeMs = seconds * 1000
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const pack = (...values: unknown[]) => Buffer.concat(values.map(value => Buffer.from(encode(value))))
/** Seconds and nanoseconds. */
const eventTime = (s: number, ns: number) => {
  const data = Buffer.alloc(8)
  data.writeUInt32BE(s)
  data.writeUInt32BE(ns, 4)
  return new ExtData(0, data)
}
const entry = (n: number) => [seconds + n, { n }]
const entries = pack(entry(1), entry(2))

async function reply(socket: Socket): Promise<unknown> {
  const [chunk] = await once(socket, 'data')
  return decode(chunk)
}

describe('forward', () => {
  const modes: [name: string, message: Buffer, taken: [text: string, timeMs: number][]][] = [
    ['Message', pack(['a.b', seconds, { message: 'bar' }]), [['{"message":"bar"}', timeMs]]],
    [
      'Message with a time in nanoseconds',
      pack(['a.b', eventTime(seconds, 123_456_789), { n: 1 }, {}]),
      [['{"n":1}', timeMs + 123.456]],
    ],
    [
      'Forward',
      pack(['a.b', [entry(1), entry(2)], { size: 2 }]),
      [
        ['{"n":1}', timeMs + 1000],
        ['{"n":2}', timeMs + 2000],
      ],
    ],
    [
      'PackedForward',
      pack(['a.b', entries]),
      [
        ['{"n":1}', timeMs + 1000],
        ['{"n":2}', timeMs + 2000],
      ],
    ],
    [
      'PackedForward as a text',
      Buffer.concat([hex('92'), pack('a.b'), hex(`d9 ${entries.length.toString(16)}`), entries]),
      [
        ['{"n":1}', timeMs + 1000],
        ['{"n":2}', timeMs + 2000],
      ],
    ],
    [
      'CompressedPackedForward',
      pack(['a.b', gzipSync(entries), { compressed: 'gzip' }]),
      [
        ['{"n":1}', timeMs + 1000],
        ['{"n":2}', timeMs + 2000],
      ],
    ],
    [
      'CompressedPackedForward in several members',
      pack([
        'a.b',
        Buffer.concat([gzipSync(pack(entry(1))), gzipSync(pack(entry(2)))]),
        { compressed: 'gzip' },
      ]),
      [
        ['{"n":1}', timeMs + 1000],
        ['{"n":2}', timeMs + 2000],
      ],
    ],
    [
      'zstd',
      pack(['a.b', zstdCompressSync(entries), { compressed: 'zstd' }]),
      [
        ['{"n":1}', timeMs + 1000],
        ['{"n":2}', timeMs + 2000],
      ],
    ],
    [
      'events with metadata',
      pack([
        'a.b',
        pack([[seconds, { trace: 1 }], { n: 1 }], [[seconds, {}], {}], [[seconds, { t: 2 }], {}]),
      ]),
      [
        ['{"n":1,"metadata":{"trace":1}}', timeMs],
        ['{}', timeMs],
        ['{"metadata":{"t":2}}', timeMs],
      ],
    ],
    [
      'the bytes of the specification',
      hex('93 a8 7461672e6e616d65 ce 55ecd4ba 81 a7 6d657373616765 a3 626172'),
      [['{"message":"bar"}', 0x55ecd4ba * 1000]],
    ],
    [
      'after a heartbeat',
      Buffer.concat([hex('c0'), pack(['a.b', seconds, { n: 1 }])]),
      [['{"n":1}', timeMs]],
    ],
  ]
  for (const [name, message, taken] of modes)
    test(`takes ${name}, however it is cut`, async t => {
      const { host, dial, texts } = await bedOf(t, 'forward')
      const socket = await dial()
      for (let at = 0; at < message.length; at += 7) socket.write(message.subarray(at, at + 7))
      await texts(taken.length)
      assert.deepEqual(
        host.taken.map(({ text, timeMs }) => [text, timeMs]),
        taken,
      )
      assert.match(host.taken[0].tag, /^(a\.b|tag\.name)$/)
      socket.end()
      await until(() => host.budget.usedBytes === 0)
    })

  test('acknowledges a chunk once its records are safe, and not before', async t => {
    const { host, dial } = await bedOf(t, 'forward')
    const gate = Promise.withResolvers<void>()
    host.gate = gate.promise
    const socket = await dial()
    let answered = false
    const acknowledged = reply(socket).then(value => {
      answered = true
      return value
    })
    socket.write(pack(['a', entries, { chunk: 'p8n9gmxTQVC8/nh2wlKKeQ==' }]))
    await until(() => host.budget.usedBytes > 0)
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(answered, false)
    gate.resolve()
    assert.deepEqual(await acknowledged, { ack: 'p8n9gmxTQVC8/nh2wlKKeQ==' })
    assert.equal(host.taken.length, 2)
  })

  test('acknowledges every chunk of a read', async t => {
    const { dial, host } = await bedOf(t, 'forward')
    const socket = await dial()
    socket.end(Buffer.concat([1, 2, 3].map(n => pack(['a', seconds, { n }, { chunk: `c${n}` }]))))
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk)
    assert.deepEqual([...decodeMulti(Buffer.concat(chunks))], [{ ack: 'c1' }, { ack: 'c2' }, { ack: 'c3' }])
    assert.equal(host.taken.length, 3)
  })

  test('puts the tag in place of the star', async t => {
    const { host, dial, texts } = await bedOf(t, 'forward', { tag: 'from.*' }, { tag: 'from.*' })
    ;(await dial()).write(pack(['shop.web', seconds, {}]))
    await texts(1)
    assert.equal(host.taken[0].tag, 'from.shop.web')
    assert.equal(host.taken[0].path, '127.0.0.1')
  })

  const malformed: [name: string, bytes: Buffer][] = [
    ['no MessagePack', hex('c1')],
    ['JSON', Buffer.from('["tag",1,{}]')],
    ['a map', pack({ a: 1 })],
    ['a tag that is none', pack([1, seconds, {}])],
    ['an event without a time', pack(['a', [[null, {}]]])],
    ['a record that is none', pack(['a', seconds, 'text'])],
    ['an entry of three', pack(['a', [[1, {}, 3]]])],
    ['packed entries that are cut off', pack(['a', entries.subarray(0, entries.length - 1)])],
    ['what is no gzip', pack(['a', entries, { compressed: 'gzip' }])],
    ['a compression that nobody knows', pack(['a', entries, { compressed: 'lzma' }])],
    ['half a message', pack(['a', entries]).subarray(0, 5)],
    [
      'a record that nests too deep',
      Buffer.concat([hex('93 a1 61 01 81 a1 61'), Buffer.alloc(100, 0x91), hex('c0')]),
    ],
    ['a bomb', pack(['a', gzipSync(Buffer.alloc(5_000_000)), { compressed: 'gzip' }])],
    ['a message that will be too large', hex('92 a1 61 c6 7fffffff')],
  ]
  for (const [name, bytes] of malformed)
    test(`ends a connection that brings ${name}`, async t => {
      const { host, dial } = await bedOf(t, 'forward', { maxMessage: '1MiB' })
      const socket = await dial()
      socket.end(bytes)
      assert.equal(await heard(socket), '')
      const refused = () =>
        ['malformed', 'too_large'].some(
          reason => host.metric('network_refused_total', { input: 'forward', reason }) === 1,
        )
      await until(() => refused() && host.budget.usedBytes === 0)
    })

  test('takes what came before a fault', async t => {
    const { dial, texts } = await bedOf(t, 'forward')
    ;(await dial()).end(Buffer.concat([pack(['a', seconds, { n: 1 }]), hex('c1')]))
    assert.deepEqual(await texts(1), ['{"n":1}'])
  })

  test('metrics of Fluent Bit are not taken, and not sent again for ever', async t => {
    const { host, dial } = await bedOf(t, 'forward')
    const socket = await dial()
    socket.write(pack(['a', Buffer.from('whatever'), { fluent_signal: 1, chunk: 'c' }]))
    assert.deepEqual(await reply(socket), { ack: 'c' })
    assert.equal(host.taken.length, 0)
    assert.equal(host.metric('network_refused_total', { input: 'forward', reason: 'malformed' }), 1)
  })

  test('answers heartbeats by UDP when it is told to', async t => {
    const { host } = await bedOf(t, 'forward', { heartbeat: true })
    const socket = createSocket('udp4')
    t.after(() => socket.close())
    socket.send(Buffer.alloc(1), host.ports[0], '127.0.0.1')
    const [answer] = await once(socket, 'message')
    assert.deepEqual(answer, Buffer.alloc(1))
  })

  test('no bytes whatever break it, and nothing is held afterwards', async t => {
    const { host, dial } = await bedOf(t, 'forward', {}, { budgetBytes: 1_000_000 })
    const message = pack(['a', [entry(1)], { chunk: 'c' }])
    const damaged = fc.tuple(fc.nat(message.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = Buffer.from(message)
      copy[at] = byte
      return copy
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), async bytes => {
        const socket = await dial()
        socket.end(bytes)
        await heard(socket)
        await until(() => host.metric('network_connections', { input: 'forward' }) === 0)
        await until(() => host.budget.usedBytes === 0)
      }),
      { numRuns: 150 },
    )
  })
})

const auth = { sharedKey: 'k3y', hostname: 'receiver', users: { shop: 'secret' } }

/** The client of the people of Fluentd. */
async function client(t: TestContext, port: number, mode: string, security?: object): Promise<FluentClient> {
  const fluent = new FluentClient('shop', {
    eventMode: mode as 'Message',
    ack: {},
    socket: { host: '127.0.0.1', port, disableReconnect: true },
    ...(security && { security: security as never }),
    disableAutoconnect: true,
  })
  t.after(() => fluent.disconnect().catch(() => {}))
  fluent.socketOn('error' as never, () => {})
  await fluent.connect()
  return fluent
}

describe('a client of Fluentd', () => {
  for (const mode of ['Message', 'Forward', 'PackedForward', 'CompressedPackedForward'])
    for (const secured of [false, true])
      test(`is acknowledged in mode ${mode}${secured ? ', after the handshake' : ''}`, async t => {
        const { host, port } = await bedOf(t, 'forward', secured ? { auth } : {})
        const security = { clientHostname: 'sender', sharedKey: 'k3y', username: 'shop', password: 'secret' }
        const fluent = await client(t, port, mode, secured ? security : undefined)
        await fluent.emit('web', { message: 'hello', n: 1.5, list: [1, null, true] })
        assert.equal(host.taken[0].text, '{"message":"hello","n":1.5,"list":[1,null,true]}')
        assert.equal(host.taken[0].tag, 'shop.web')
      })

  const wrong: [name: string, ping: { hostname?: string; key?: string; user?: [string, string] }][] = [
    ['the wrong key', { key: 'other' }],
    ['the wrong password', { user: ['shop', 'other'] }],
    ['an unknown user', { user: ['toString', ''] }],
    ['no user', { user: ['', ''] }],
    ['our own name', { hostname: 'receiver' }],
  ]
  for (const [name, { hostname = 'sender', key = 'k3y', user = ['shop', 'secret'] }] of wrong)
    test(`is refused with ${name}`, async t => {
      const { host, dial } = await bedOf(t, 'forward', { auth })
      const socket = await dial()
      const [, helo] = (await reply(socket)) as [string, { nonce: Uint8Array; auth: Uint8Array }]
      const digest = (...parts: (string | Uint8Array)[]) =>
        parts.reduce((hash, part) => hash.update(part), createHash('sha512')).digest('hex')
      const [username, password] = user
      const proof = digest('salt', hostname, helo.nonce, key)
      socket.write(pack(['PING', hostname, 'salt', proof, username, digest(helo.auth, username, password)]))
      const [type, accepted, reason] = (await reply(socket)) as unknown[]
      assert.deepEqual([type, accepted], ['PONG', false])
      assert.match(String(reason), /key|user|name/)
      await heard(socket)
      assert.equal(host.metric('network_refused_total', { input: 'forward', reason: 'unauthorized' }), 1)
    })

  test('gets no record in without the handshake', async t => {
    const { host, dial } = await bedOf(t, 'forward', { auth })
    const socket = await dial()
    socket.end(pack(['a', seconds, { n: 1 }, { chunk: 'c' }]))
    await heard(socket)
    await until(
      () => host.metric('network_refused_total', { input: 'forward', reason: 'unauthorized' }) === 1,
    )
    assert.equal(host.taken.length, 0)
  })
})
