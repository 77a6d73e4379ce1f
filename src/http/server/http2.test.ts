import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ErrorCode } from '../../wire/http2/error.ts'
import { PREFACE } from '../../wire/http2/frame.ts'
import { frame } from '../../wire/http2/frame-log-fake.ts'
import { FramePeer } from '../frame-peer-fake.ts'
import { turns } from '../raw-peer-fake.ts'
import { servedEachTest } from './served-fake.ts'

const [DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, WINDOW, CONTINUATION] = [0, 1, 2, 3, 4, 6, 8, 9] as const
const [END_STREAM, END_HEADERS] = [1, 4] as const
const GET = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/']
const POST = GET.with(1, 'POST')

const here = servedEachTest()

async function peer(settings = ''): Promise<FramePeer> {
  const one = new FramePeer(await here.peer())
  one.send(PREFACE, frame(SETTINGS, 0, 0, settings))
  return one
}

describe('a server asked over HTTP/2 frame by frame', () => {
  test('takes a preface that comes byte by byte', async () => {
    const raw = await here.peer()
    const one = new FramePeer(raw)
    const bytes = PREFACE + frame(SETTINGS, 0, 0, '').toString('latin1')
    for (const byte of bytes) {
      raw.say(byte)
      await turns(1)
    }
    one.send(one.headers(1, GET, END_STREAM | END_HEADERS))
    assert.equal(await one.hears(/^data 1/), 'data 1 "hello" 5 end')
  })

  test('a preface after a request of HTTP/1.1 is refused', async () => {
    const raw = await here.peer()
    raw.say(`GET / HTTP/1.1\r\nHost: a\r\n\r\n`)
    await raw.hears(/hello$/)
    raw.say(PREFACE)
    await raw.hears(/HTTP\/1.1 505 /)
  })

  test('a server of one version takes no other', async () => {
    await here.start({ versions: 'http1' })
    const other = await here.peer()
    other.say(PREFACE)
    assert.match(await other.end(), /^HTTP\/1.1 505 /)
    await here.start({ versions: 'http2' })
    const older = await here.peer()
    const frames = new FramePeer(older)
    older.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.match(await frames.hears(/^goaway/), new RegExp(` ${ErrorCode.PROTOCOL_ERROR}$`))
    await older.end()
    assert.deepEqual(here.rejected, ['unsupported_version', 'http2_protocol_error'])
  })

  test('an answer that ends in the turn in which it began is one frame, as gRPC wants its errors', async () => {
    here.handler = (_request, response) => response.start(200, { 'grpc-status': '5' }).end()
    const one = await peer()
    one.send(one.headers(1, GET, END_STREAM | END_HEADERS))
    assert.match(await one.hears(/^headers 1/), /^headers 1 :status\|200\|grpc-status\|5\|date\|.* end$/)
    here.handler = (_request, response) => {
      const body = response.start(200)
      body.put(Buffer.from('a'))
      body.end()
    }
    one.send(one.headers(3, GET, END_STREAM | END_HEADERS))
    await one.hears(/^data 3 "a" 1 end/)
  })

  test('sends the answers of one turn in the order of their streams', async () => {
    const one = await peer()
    one.send(Buffer.concat([1, 3, 5].map(id => one.headers(id, GET, END_STREAM | END_HEADERS))))
    await one.hears(/^data 5/)
    const answers = one.lines.filter(line => /^(headers|data)/.test(line)).map(line => line.slice(0, 9))
    assert.deepEqual(answers, ['headers 1', 'data 1 "h', 'headers 3', 'data 3 "h', 'headers 5', 'data 5 "h'])
  })

  test('answers a head that is too large with 431, and the connection goes on', async () => {
    const one = await peer()
    const big = Array.from({ length: 40 }, (_, at) => [`x-${at}`, 'y'.repeat(2000)]).flat()
    const large = one.headers(1, [...GET, ...big], END_STREAM).subarray(9)
    one.send(frame(HEADERS, END_STREAM, 1, large.subarray(0, 16_000).toString('hex')))
    for (let at = 16_000; at < large.length; at += 16_000)
      one.send(
        frame(
          CONTINUATION,
          at + 16_000 >= large.length ? END_HEADERS : 0,
          1,
          large.subarray(at, at + 16_000).toString('hex'),
        ),
      )
    await one.hears(/^headers 1 :status\|431/)
    one.send(one.headers(3, GET, END_STREAM | END_HEADERS))
    await one.hears(/^data 3 "hello"/)
    assert.deepEqual(here.rejected, ['head_too_large'])
  })

  test('refuses streams above the limit, and serves the others', async () => {
    await here.start({ limits: { maxStreams: 2 } })
    const gate = Promise.withResolvers<void>()
    here.handler = async (_request, response) => {
      await gate.promise
      response.send(200, {}, 'late')
    }
    const one = await peer()
    for (const id of [1, 3, 5]) one.send(one.headers(id, GET, END_STREAM | END_HEADERS))
    assert.equal(await one.hears(/^reset/), `reset 5 ${ErrorCode.REFUSED_STREAM}`)
    gate.resolve()
    await one.hears(/^data 3 "late"/)
  })

  test('a body that does not keep to its content-length is a stream error', async () => {
    here.handler = async (request, response) => {
      await request.body.bytes(100)
      response.send(200)
    }
    for (const body of ['616263', '61626364']) {
      const one = await peer()
      one.send(one.headers(1, [...POST, 'content-length', body.length === 6 ? '4' : '3'], END_HEADERS))
      one.send(frame(DATA, END_STREAM, 1, body))
      assert.equal(await one.hears(/^reset/), `reset 1 ${ErrorCode.PROTOCOL_ERROR}`)
    }
    assert.deepEqual(here.rejected, ['http2_malformed_message', 'http2_malformed_message'])
  })

  test('asks for the body when the client waits for 100 Continue', async () => {
    here.handler = async (request, response) => {
      response.send(200, {}, await request.body.bytes(100))
    }
    const one = await peer()
    one.send(one.headers(1, [...POST, 'expect', '100-continue'], END_HEADERS))
    await one.hears(/^headers 1 :status\|100$/)
    one.send(frame(DATA, END_STREAM, 1, '6f6b'))
    await one.hears(/^data 1 "ok"/)
  })

  test('the short rest of a body is read over once the answer is out, and waited for no longer than a while', async () => {
    const one = await peer()
    for (const id of [1, 3]) {
      one.send(one.headers(id, [...POST, 'content-length', '3'], END_HEADERS))
      await one.hears(new RegExp(`^data ${id} "hello" 5 end`))
    }
    one.send(frame(DATA, 0, 1, '61'), frame(DATA, END_STREAM, 1, '6262'), frame(DATA, 0, 3, '61'))
    one.send(one.headers(5, GET, END_STREAM | END_HEADERS))
    await one.hears(/^data 5 "hello"/)
    assert.deepEqual(
      one.lines.filter(line => line.startsWith('reset')),
      [],
    )
    here.clock.advance(3_000)
    assert.equal(await one.hears(/^reset/), `reset 3 ${ErrorCode.NO_ERROR}`)
  })

  for (const [what, ...fields] of [
    ['a long rest', 'content-length', '70000'],
    ['a rest of unknown length'],
    ['a rest that waits for 100 Continue', 'content-length', '3', 'expect', '100-continue'],
  ])
    test(`${what} of a body is not taken any more once the answer is out`, async () => {
      const one = await peer()
      one.send(one.headers(1, [...POST, ...fields], END_HEADERS))
      assert.equal(await one.hears(/^reset/), `reset 1 ${ErrorCode.NO_ERROR}`)
    })

  const unused = '00000001'
  const floods: [what: string, count: number, make: (at: number, peer: FramePeer) => Buffer[]][] = [
    ['SETTINGS', 1, () => [frame(SETTINGS, 0, 0, '')]],
    ['PING', 1, () => [frame(PING, 0, 0, '0000000000000000')]],
    ['PRIORITY', 1, () => [frame(PRIORITY, 0, 3, `${unused}00`)]],
    ['an unknown frame', 1, () => [frame(0xaa, 0, 0, '')]],
    ['WINDOW_UPDATE', 1, () => [frame(WINDOW, 0, 0, unused)]],
    [
      'empty DATA',
      1,
      (at, one) => [...(at === 0 ? [one.headers(1, POST, END_HEADERS)] : []), frame(DATA, 0, 1, '')],
    ],
    ['header blocks in frames without end', 1, at => [frame(at === 0 ? HEADERS : CONTINUATION, 0, 1, '')]],
    [
      'rapid reset',
      1,
      (at, one) => [
        one.headers(2 * at + 1, POST, END_HEADERS | END_STREAM),
        frame(RST, 0, 2 * at + 1, '00000008'),
      ],
    ],
    [
      'streams that we are made to reset',
      1,
      (at, one) => [one.headers(2 * at + 1, POST, END_HEADERS), frame(WINDOW, 0, 2 * at + 1, '00000000')],
    ],
  ]
  for (const [what, , make] of floods)
    test(`bounds a flood: ${what}`, async () => {
      here.handler = async request => {
        await request.body.bytes(10)
        await new Promise(() => {})
      }
      const one = await peer()
      one.send(Buffer.concat(Array.from({ length: 1010 }, (_, at) => make(at, one)).flat()))
      assert.match(await one.hears(/^goaway/), new RegExp(` ${ErrorCode.ENHANCE_YOUR_CALM}$`))
      await one.raw.end()
      assert.deepEqual(here.rejected, ['http2_enhance_your_calm'])
    })

  test('an honest client that answers or downloads without end never meets the bound', async () => {
    const one = await peer()
    for (let at = 0; at < 1500; at++) {
      const id = 2 * at + 1
      one.send(one.headers(id, GET, END_STREAM | END_HEADERS), frame(PING, 0, 0, '0000000000000000'))
      if (at % 100 === 0) await one.hears(new RegExp(`^data ${id} `))
    }
    await one.hears(/^data 2999 /)
  })

  test('a client that does not acknowledge the settings is let go', async () => {
    const one = await peer()
    await one.hears(/^settings ack/)
    here.clock.advance(11_000)
    assert.match(await one.hears(/^goaway/), new RegExp(` ${ErrorCode.SETTINGS_TIMEOUT}$`))
  })

  test('a frame that does not come to its end is not waited for', async () => {
    const one = await peer()
    one.send(frame(SETTINGS, 1, 0, ''), frame(HEADERS, 0, 1, '82'))
    await one.hears(/^settings ack/)
    await turns()
    here.clock.advance(11_000)
    assert.match(await one.hears(/^goaway/), new RegExp(` ${ErrorCode.PROTOCOL_ERROR}$`))
  })

  test('an idle connection is told, then closed', async () => {
    const one = await peer()
    one.send(frame(SETTINGS, 1, 0, ''), one.headers(1, GET, END_STREAM | END_HEADERS))
    await one.hears(/^data 1/)
    await turns()
    here.clock.advance(61_000)
    assert.equal(await one.hears(/^goaway/), 'goaway 1 0')
    await one.raw.end()
  })

  test('a client that never opens its window does not hold its answer for ever', async () => {
    here.handler = (_request, response) => response.send(200, {}, 'x'.repeat(100))
    const one = await peer('000400000000')
    one.send(frame(SETTINGS, 1, 0, ''), one.headers(1, GET, END_STREAM | END_HEADERS))
    await one.hears(/^headers 1/)
    here.clock.advance(61_000)
    assert.equal(await one.hears(/^reset/), `reset 1 ${ErrorCode.CANCEL}`)
  })

  test('a body that stalls fails with 408', async () => {
    here.handler = async (request, response) => response.send(200, {}, await request.body.bytes(10))
    const one = await peer()
    one.send(frame(SETTINGS, 1, 0, ''), one.headers(1, POST, END_HEADERS))
    await one.hears(/^settings ack/)
    await turns()
    here.clock.advance(31_000)
    await one.hears(/^headers 1 :status\|408/)
  })

  test('draining tells the client in two steps', async () => {
    const one = await peer()
    await one.hears(/^settings ack/)
    void here.server.drain({ signal: new AbortController().signal })
    assert.equal(await one.hears(/^goaway/), 'goaway 2147483647 0')
    const ping = await one.hears(/^ping [0-9a-f]/)
    one.send(one.headers(1, GET, END_STREAM | END_HEADERS))
    one.send(frame(PING, 1, 0, ping.slice(5)))
    await one.raw.end()
    assert.ok(one.lines.includes('goaway 1 0'))
    assert.ok(one.lines.includes('data 1 "hello" 5 end'))
  })
})
