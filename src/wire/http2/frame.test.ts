import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HeaderList } from '../http1/headers.ts'
import { ByteWriter } from './byte-writer.ts'
import { Http2Error } from './error.ts'
import { FrameDecoder } from './frame-decoder.ts'
import {
  writeFrameHead,
  writeGoaway,
  writeHeaders,
  writePing,
  writeReset,
  writeSettingsAck,
  writeWindowUpdate,
} from './frame-encoder.ts'
import { FrameLog, frame } from './frame-log-fake.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'
import { applySettings, encodeSettings, INITIAL_SETTINGS } from './settings.ts'

const LIMITS = { maxBlockBytes: 65_536, maxContinuations: 8 }
const [DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
]
const [END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY] = [1, 1, 4, 8, 32]

function read(...parts: Buffer[]): string[] {
  const log = new FrameLog()
  const decoder = new FrameDecoder(log, LIMITS)
  for (const part of parts) decoder.decode(part)
  return log.finish()
}

const good: [what: string, bytes: Buffer, lines: string[]][] = [
  ['DATA', frame(DATA!, END_STREAM!, 1, '6869'), ['data 1 "hi" 2 end']],
  ['empty DATA that ends', frame(DATA!, END_STREAM!, 1, ''), ['data 1 "" 0 end']],
  ['empty DATA that ends nothing', frame(DATA!, 0, 1, ''), ['idle', 'data 1 "" 0']],
  ['padded DATA', frame(DATA!, PADDED! | END_STREAM!, 3, '03 6869 000000'), ['data 3 "hi" 6 end']],
  ['DATA of padding alone', frame(DATA!, PADDED!, 3, '02 0000'), ['data 3 "" 3']],
  ['padded DATA of no padding', frame(DATA!, PADDED! | END_STREAM!, 3, '00'), ['data 3 "" 1 end']],
  ['HEADERS', frame(HEADERS!, END_HEADERS! | END_STREAM!, 1, '8286'), ['headers 1 8286 end']],
  ['padded HEADERS', frame(HEADERS!, END_HEADERS! | PADDED!, 1, '01 8286 00'), ['headers 1 8286']],
  [
    'HEADERS with priority',
    frame(HEADERS!, END_HEADERS! | WITH_PRIORITY!, 3, '00000001 10 82'),
    ['headers 3 82'],
  ],
  [
    'HEADERS in parts',
    Buffer.concat([
      frame(HEADERS!, END_STREAM!, 1, '82'),
      frame(CONTINUATION!, 0, 1, '86'),
      frame(CONTINUATION!, END_HEADERS!, 1, '84'),
    ]),
    ['headers 1 828684 end'],
  ],
  ['PRIORITY', frame(PRIORITY!, 0, 3, '00000001 10'), ['idle']],
  ['RST_STREAM', frame(RST!, 0, 5, '00000008'), ['reset 5 8']],
  ['SETTINGS', frame(SETTINGS!, 0, 0, '0003 00000064'), ['settings 000300000064']],
  ['an acknowledgement', frame(SETTINGS!, ACK!, 0, ''), ['settings ack']],
  ['PING', frame(PING!, 0, 0, '0102030405060708'), ['ping 0102030405060708']],
  ['an answered PING', frame(PING!, ACK!, 0, '0102030405060708'), ['ping ack 0102030405060708']],
  ['GOAWAY', frame(GOAWAY!, 0, 0, '80000007 00000002 6279 65'), ['goaway 7 2']],
  ['WINDOW_UPDATE', frame(WINDOW!, 0, 0, '80000010'), ['window 0 16']],
  ['an unknown type', frame(0xbb, 0xff, 9, '010203'), ['idle']],
  ['a reserved bit', frame(RST!, 0, 0x80000005 >>> 0, '00000008'), ['reset 5 8']],
  ['a window grown by nothing', frame(WINDOW!, 0, 3, '00000000'), ['fault 3 WINDOW_UPDATE by nothing']],
  [
    'a stream upon itself',
    frame(PRIORITY!, 0, 3, '00000003 10'),
    ['idle', 'fault 3 a stream that depends on itself'],
  ],
]

const bad: [what: string, code: string, bytes: Buffer][] = [
  ['a frame above 16 KiB', 'FRAME_SIZE_ERROR', frame(DATA!, 0, 1, '00'.repeat(16_385))],
  ['DATA on stream 0', 'PROTOCOL_ERROR', frame(DATA!, 0, 0, '00')],
  ['DATA with more padding than payload', 'PROTOCOL_ERROR', frame(DATA!, PADDED!, 1, '02 00')],
  ['padded DATA without its first byte', 'FRAME_SIZE_ERROR', frame(DATA!, PADDED!, 1, '')],
  ['HEADERS on stream 0', 'PROTOCOL_ERROR', frame(HEADERS!, END_HEADERS!, 0, '82')],
  [
    'HEADERS with more padding than payload',
    'PROTOCOL_ERROR',
    frame(HEADERS!, END_HEADERS! | PADDED!, 1, '03 82'),
  ],
  [
    'HEADERS too short for a priority',
    'FRAME_SIZE_ERROR',
    frame(HEADERS!, END_HEADERS! | WITH_PRIORITY!, 1, '82'),
  ],
  ['PRIORITY on stream 0', 'PROTOCOL_ERROR', frame(PRIORITY!, 0, 0, '00000001 10')],
  ['PRIORITY of four bytes', 'FRAME_SIZE_ERROR', frame(PRIORITY!, 0, 1, '00000001')],
  ['RST_STREAM on stream 0', 'PROTOCOL_ERROR', frame(RST!, 0, 0, '00000008')],
  ['RST_STREAM of three bytes', 'FRAME_SIZE_ERROR', frame(RST!, 0, 1, '000008')],
  ['SETTINGS on a stream', 'PROTOCOL_ERROR', frame(SETTINGS!, 0, 1, '')],
  ['SETTINGS of five bytes', 'FRAME_SIZE_ERROR', frame(SETTINGS!, 0, 0, '0003000000')],
  ['an acknowledgement with values', 'FRAME_SIZE_ERROR', frame(SETTINGS!, ACK!, 0, '000300000064')],
  ['PUSH_PROMISE', 'PROTOCOL_ERROR', frame(PUSH!, END_HEADERS!, 1, '00000002 82')],
  ['PING on a stream', 'PROTOCOL_ERROR', frame(PING!, 0, 1, '0102030405060708')],
  ['PING of six bytes', 'FRAME_SIZE_ERROR', frame(PING!, 0, 0, '010203040506')],
  ['GOAWAY on a stream', 'PROTOCOL_ERROR', frame(GOAWAY!, 0, 1, '00000007 00000002')],
  ['GOAWAY of four bytes', 'FRAME_SIZE_ERROR', frame(GOAWAY!, 0, 0, '00000007')],
  ['WINDOW_UPDATE of three bytes', 'FRAME_SIZE_ERROR', frame(WINDOW!, 0, 1, '000001')],
  ['the connection window grown by nothing', 'PROTOCOL_ERROR', frame(WINDOW!, 0, 0, '00000000')],
  ['CONTINUATION without HEADERS', 'PROTOCOL_ERROR', frame(CONTINUATION!, END_HEADERS!, 1, '82')],
  [
    'another frame within a header block',
    'PROTOCOL_ERROR',
    Buffer.concat([frame(HEADERS!, 0, 1, '82'), frame(PING!, 0, 0, '0102030405060708')]),
  ],
  [
    'CONTINUATION of another stream',
    'PROTOCOL_ERROR',
    Buffer.concat([frame(HEADERS!, 0, 1, '82'), frame(CONTINUATION!, END_HEADERS!, 3, '86')]),
  ],
  [
    'a flood of CONTINUATION',
    'ENHANCE_YOUR_CALM',
    Buffer.concat([frame(HEADERS!, 0, 1, '82'), ...Array(9).fill(frame(CONTINUATION!, 0, 1, ''))]),
  ],
  [
    'a header block above the limit',
    'ENHANCE_YOUR_CALM',
    Buffer.concat([
      frame(HEADERS!, 0, 1, ''),
      ...Array(5).fill(frame(CONTINUATION!, 0, 1, '82'.repeat(16_384))),
    ]),
  ],
]

describe('frames', () => {
  for (const [what, bytes, lines] of good)
    test(`reads ${what}, at once and byte by byte`, () => {
      assert.deepEqual(read(bytes), lines)
      assert.deepEqual(read(...Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))), lines)
    })

  for (const [what, code, bytes] of bad)
    test(`refuses ${what}`, () => {
      assert.throws(() => read(bytes), { name: 'Http2Error', code })
      assert.throws(() => read(...Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))), {
        name: 'Http2Error',
        code,
      })
    })

  test('any split of many frames tells the same', () => {
    const all = Buffer.concat(good.map(([, bytes]) => bytes))
    const whole = read(all)
    fc.assert(
      fc.property(fc.array(fc.nat(all.length)), cuts => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), all.length]
        assert.deepEqual(read(...at.slice(1).map((end, index) => all.subarray(at[index], end))), whole)
      }),
    )
  })

  test('bytes by chance are read or refused, never anything else', () => {
    const some = fc.tuple(fc.nat(12), fc.nat(255), fc.nat(5), fc.uint8Array({ maxLength: 20 }))
    fc.assert(
      fc.property(fc.array(some, { maxLength: 6 }), fc.uint8Array(), (frames, tail) => {
        const bytes = frames.map(([type, flags, id, payload]) =>
          frame(type, flags, id, Buffer.from(payload).toString('hex')),
        )
        try {
          read(...bytes, Buffer.from(tail))
        } catch (error) {
          assert.ok(error instanceof Http2Error)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('knows when something other than DATA is half there', () => {
    const cases: [bytes: Buffer, pending: boolean][] = [
      [frame(PING!, 0, 0, '0102030405060708'), false],
      [frame(PING!, 0, 0, '0102030405060708').subarray(0, 12), true],
      [frame(PING!, 0, 0, '').subarray(0, 4), true],
      [frame(DATA!, 0, 1, '01020304').subarray(0, 10), false],
      [frame(HEADERS!, 0, 1, '82'), true],
    ]
    for (const [bytes, pending] of cases) {
      const decoder = new FrameDecoder(new FrameLog(), LIMITS)
      decoder.decode(bytes)
      assert.equal(decoder.pending, pending)
    }
  })

  test('reads what it writes', () => {
    const out = new ByteWriter(Buffer.alloc(1))
    writeReset(out, 3, 8)
    writeWindowUpdate(out, 0, 0x7fffffff)
    writeSettingsAck(out)
    writePing(out, Buffer.from('0102030405060708', 'hex'), true)
    writePing(out, Buffer.from('0102030405060708', 'hex'), false)
    writeGoaway(out, 0x7fffffff, 11, 'calm')
    writeFrameHead(out, 0, DATA!, END_STREAM!, 0x7fffffff)
    assert.deepEqual(read(out.bytes.subarray(0, out.at)), [
      'reset 3 8',
      'window 0 2147483647',
      'settings ack',
      'ping ack 0102030405060708',
      'ping 0102030405060708',
      'goaway 2147483647 11',
      'data 2147483647 "" 0 end',
    ])
  })

  test('a header block of any size is read as it was written', () => {
    for (const length of [10, 16_000, 16_384, 40_000]) {
      const out = new ByteWriter(Buffer.alloc(16))
      const encoder = new HpackEncoder()
      const big = '\x7e'.repeat(length)
      writeHeaders(out, encoder, 1, [':status', '200'], HeaderList.from({ 'X-Big': big, Via: 'a' }), true)
      const lists: string[][] = []
      const log = new FrameLog()
      log.headers = (_streamId, block) => {
        lists.push(new HpackDecoder(4096, 100_000).decode(block))
      }
      new FrameDecoder(log, LIMITS).decode(out.bytes.subarray(0, out.at))
      assert.deepEqual(lists, [[':status', '200', 'x-big', big, 'via', 'a']])
    }
  })

  test('leaves out what HTTP/2 does not have, and refuses what would break a message', () => {
    const write = (headers: HeaderList): string[] => {
      const out = new ByteWriter(Buffer.alloc(16))
      writeHeaders(out, new HpackEncoder(), 1, [], headers, true)
      return new HpackDecoder(4096, 4096).decode(out.bytes.subarray(9, out.at))
    }
    const headers = new HeaderList([
      ...[
        'Connection',
        'x-hop, Content-Length',
        'X-Hop',
        '1',
        'Content-Length',
        '5',
        'Keep-Alive',
        'timeout=5',
      ],
      ...[
        'Transfer-Encoding',
        'chunked',
        'Upgrade',
        'h2c',
        'HTTP2-Settings',
        'x',
        'Proxy-Connection',
        'close',
      ],
      ...['TE', 'gzip, trailers;q=1', 'X-Kept', '  spaced\t'],
    ])
    assert.deepEqual(write(headers), ['content-length', '5', 'te', 'trailers', 'x-kept', 'spaced'])
    for (const raw of [
      ['x y', '1'],
      [':path', '/'],
      ['x', 'a\r\nb'],
      ['x', '\u0100'],
    ])
      assert.throws(() => write(new HeaderList(raw)), { name: 'HeaderInjectionError' })
  })
})

describe('settings', () => {
  test('are read as they were written, and unknown ones are passed over', () => {
    const settings = {
      headerTableBytes: 1,
      enablePush: false,
      maxConcurrentStreams: 2,
      initialWindowBytes: 3,
      maxFrameBytes: 20_000,
      maxHeaderListBytes: 4,
      enableConnectProtocol: true,
    }
    const payload = Buffer.concat([encodeSettings(settings).subarray(9), Buffer.from('ff0100000001', 'hex')])
    assert.deepEqual(applySettings(INITIAL_SETTINGS, payload), settings)
    assert.deepEqual(applySettings(INITIAL_SETTINGS, Buffer.alloc(0)), INITIAL_SETTINGS)
  })

  const refused: [what: string, code: string, payload: string][] = [
    ['ENABLE_PUSH 2', 'PROTOCOL_ERROR', '000200000002'],
    ['a window above 2^31 - 1', 'FLOW_CONTROL_ERROR', '000480000000'],
    ['a frame size below 2^14', 'PROTOCOL_ERROR', '000500003fff'],
    ['a frame size above 2^24 - 1', 'PROTOCOL_ERROR', '000501000000'],
    ['ENABLE_CONNECT_PROTOCOL 2', 'PROTOCOL_ERROR', '000800000002'],
  ]
  for (const [what, code, payload] of refused)
    test(`refuse ${what}`, () => {
      assert.throws(() => applySettings(INITIAL_SETTINGS, Buffer.from(payload, 'hex')), { code })
    })

  test('refuse to take extended CONNECT back', () => {
    const before = { ...INITIAL_SETTINGS, enableConnectProtocol: true }
    assert.throws(() => applySettings(before, Buffer.from('000800000000', 'hex')), { code: 'PROTOCOL_ERROR' })
  })
})
