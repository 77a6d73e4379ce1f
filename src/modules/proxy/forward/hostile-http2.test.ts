// Header blocks over HTTP/2 that are made to cost more than they weigh, from a client and from a backend.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FramePeer } from '../../../http/frame-peer-fake.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { ErrorCode } from '../../../wire/http2/error.ts'
import { PREFACE } from '../../../wire/http2/frame.ts'
import { frame } from '../../../wire/http2/frame-log-fake.ts'
import { backendsEachTest, type FakeProxy, startProxy } from '../proxy-fake.ts'

const [HEADERS, SETTINGS, PING, CONTINUATION] = [1, 4, 6, 9] as const
const [END_STREAM, END_HEADERS] = [1, 4] as const
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'

/** GET http / of `a`, which leaves nothing in the table. */
const GET_BLOCK = '82 86 84 01 01 61'
const STATUS_200 = '88'
/** A field of 4000 bytes that enters the table as its newest, which is index 62. */
const LARGE_ENTRY = `40 01 78 7f a1 1e ${'61'.repeat(4000)}`
/** 60,000 references to it: 240 MB when each is copied. */
const REFERENCES = 'be'.repeat(60_000)

/** A block in as many frames as it needs. */
function block(streamId: number, flags: number, hex: string): Buffer {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 16_000) {
    const last = at + 16_000 >= bytes.length
    const type = at === 0 ? HEADERS : CONTINUATION
    const own = (at === 0 ? flags : 0) | (last ? END_HEADERS : 0)
    frames.push(frame(type, own, streamId, bytes.toString('hex', at, at + 16_000)))
  }
  return Buffer.concat(frames)
}

const backend = backendsEachTest()

const failures = (proxy: FakeProxy, status: string, failure: string) =>
  proxy.host.metric('requests_total', {
    listener: 'front',
    route: '',
    cluster: 'back',
    class: status,
    failure,
    source: '',
  })

describe('a client over HTTP/2', () => {
  async function hostile(clock?: FakeClock) {
    const back = await backend()
    const proxy = await startProxy([back.address], {}, clock)
    const peer = new FramePeer(await proxy.client())
    peer.send(PREFACE, frame(SETTINGS, 0, 0, ''))
    /** A request that is forwarded and answered shows that both sides read the table in the same way. */
    const goesOn = async (id: number, field = 'be') => {
      peer.send(block(id, END_STREAM, `${GET_BLOCK} ${field}`))
      const upstream = await back.next()
      const head = await upstream.hears(/\r\n\r\n/)
      upstream.say(OK)
      await peer.hears(new RegExp(`^data ${id} "hi"`))
      return head
    }
    return { back, proxy, peer, goesOn }
  }

  test('that refers to one large field again and again gets 431; its table and the connection go on', async () => {
    const { back, proxy, peer, goesOn } = await hostile()
    await using _ = proxy
    peer.send(block(1, END_STREAM, `${GET_BLOCK} ${LARGE_ENTRY} ${REFERENCES}`))
    await peer.hears(/^headers 1 :status\|431/)
    assert.equal(back.accepted.length, 0)
    assert.match(await goesOn(3), /\r\nx: a{4000}\r\n/)
    assert.equal(proxy.host.log.of('bad_request').length, 1)
  })

  test('whose fields are many and small gets 431 as well', async () => {
    const { back, proxy, peer, goesOn } = await hostile()
    await using _ = proxy
    peer.send(block(1, END_STREAM, `${GET_BLOCK} 40 01 78 01 61 ${'be'.repeat(200)}`))
    await peer.hears(/^headers 1 :status\|431/)
    assert.equal(back.accepted.length, 0)
    assert.match(await goesOn(3), /\r\nx: a\r\n/)
  })

  test('whose trailers are larger than allowed has its request broken off, and the connection goes on', async () => {
    const { back, proxy, peer, goesOn } = await hostile()
    await using _ = proxy
    peer.send(block(1, 0, `83 86 84 01 01 61`))
    const upstream = await back.next()
    await upstream.hears(/\r\n\r\n/)
    peer.send(block(1, END_STREAM, `${LARGE_ENTRY} ${REFERENCES}`))
    await peer.hears(new RegExp(`^reset 1 ${ErrorCode.PROTOCOL_ERROR}`))
    await upstream.end()
    assert.doesNotMatch(upstream.heard, /\r\n0\r\n/, 'it must not look complete')
    await goesOn(3)
  })

  for (const [what, frames] of [
    ['larger than is read at all', () => block(1, END_STREAM, `${GET_BLOCK} ${'be'.repeat(200_000)}`)],
    [
      'in frames without end',
      () =>
        Buffer.concat([
          frame(HEADERS, END_STREAM, 1, '82'),
          ...Array.from({ length: 100 }, () => frame(CONTINUATION, 0, 1, '86')),
        ]),
    ],
  ] as const)
    test(`whose header block comes ${what} is told to calm down, and is let go`, async () => {
      const { back, proxy, peer } = await hostile()
      await using _ = proxy
      peer.send(frames())
      assert.match(await peer.hears(/^goaway/), new RegExp(` ${ErrorCode.ENHANCE_YOUR_CALM}$`))
      await peer.raw.end()
      assert.equal(back.accepted.length, 0)
      assert.equal(proxy.host.log.of('bad_request').length, 1)
    })

  test('whose header block never ends, byte by byte, is let go after the time for a head', async () => {
    const clock = new FakeClock()
    const { back, proxy, peer } = await hostile(clock)
    await using _ = proxy
    const begun = [
      frame(SETTINGS, 1, 0, ''),
      frame(PING, 0, 0, '00'.repeat(8)),
      frame(HEADERS, END_STREAM, 1, '82'),
    ]
    peer.send(Buffer.concat(begun))
    // What came with it has been read as well.
    await peer.hears(/^ping ack/)
    for (let second = 0; second < 12; second++) {
      peer.send(frame(CONTINUATION, 0, 1, '86'))
      await clock.elapse(1000)
    }
    assert.match(await peer.hears(/^goaway/), new RegExp(` ${ErrorCode.PROTOCOL_ERROR}$`))
    assert.equal(back.accepted.length, 0)
  })
})

describe('a backend over HTTP/2', () => {
  async function before() {
    const back = await backend()
    const proxy = await startProxy([back.address], {}, undefined, { protocol: 'http2' })
    const client = await proxy.client()
    const ask = () => {
      client.forget()
      client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    }
    ask()
    const peer = new FramePeer(await back.next(), true)
    peer.send(frame(SETTINGS, 0, 0, ''))
    await peer.hears(/^headers 1 /)
    return { back, proxy, client, ask, peer }
  }

  const malformed = /^HTTP\/1.1 502 [\s\S]*outrigger-error: upstream_malformed\r\n[\s\S]*\n$/

  for (const [what, hex] of [
    ['refers to one large field again and again', `${STATUS_200} ${LARGE_ENTRY} ${REFERENCES}`],
    ['has many small fields', `${STATUS_200} 40 01 78 01 61 ${'be'.repeat(3000)}`],
  ] as const)
    test(`whose answer ${what} is 502, and its connection serves the next request`, async () => {
      const { back, proxy, client, ask, peer } = await before()
      await using _ = proxy
      peer.send(block(1, END_STREAM, hex))
      await client.hears(malformed)
      assert.equal(failures(proxy, '5xx', 'upstream_malformed'), 1)
      assert.equal(proxy.host.log.of('upstream_malformed').length, 1)
      ask()
      await peer.hears(/^headers 3 /)
      peer.send(block(3, END_STREAM, `${STATUS_200} be`))
      assert.match(await client.hears(/\r\n\r\n/), /^HTTP\/1.1 200 [\s\S]*\r\nx: a+\r\n/)
      assert.equal(back.accepted.length, 1)
    })

  for (const [what, frames] of [
    ['larger than is read at all', () => block(1, END_STREAM, `${STATUS_200} ${'be'.repeat(200_000)}`)],
    [
      'in frames without end',
      () =>
        Buffer.concat([
          frame(HEADERS, END_STREAM, 1, STATUS_200),
          ...Array.from({ length: 100 }, () => frame(CONTINUATION, 0, 1, '89')),
        ]),
    ],
  ] as const)
    test(`whose header block comes ${what} is 502, and another connection is made`, async () => {
      const { back, proxy, client, ask, peer } = await before()
      await using _ = proxy
      peer.send(frames())
      await client.hears(malformed)
      assert.match(await peer.hears(/^goaway/), new RegExp(` ${ErrorCode.ENHANCE_YOUR_CALM}$`))
      assert.equal(failures(proxy, '5xx', 'upstream_malformed'), 1)
      ask()
      const next = new FramePeer(await back.next(), true)
      next.send(frame(SETTINGS, 0, 0, ''))
      await next.hears(/^headers 1 /)
      next.send(block(1, END_STREAM, STATUS_200))
      await client.hears(/^HTTP\/1.1 200 /)
    })

  test('whose trailers are larger than allowed breaks the client off: the answer must not look complete', async () => {
    const { proxy, client, peer } = await before()
    await using _ = proxy
    peer.send(block(1, 0, STATUS_200), frame(0, 0, 1, '68 69'))
    await client.hears(/hi/)
    peer.send(block(1, END_STREAM, `${LARGE_ENTRY} ${REFERENCES}`))
    await client.gone()
    assert.doesNotMatch(client.heard, /\r\n0\r\n/)
    assert.equal(failures(proxy, '2xx', 'upstream_malformed'), 1)
  })
})
