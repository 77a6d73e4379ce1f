import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { encode } from '@msgpack/msgpack'
import { frameMessage } from '../../src/wire/grpc/message.ts'
import { encodeRequest } from '../../src/wire/otlp/logs/request-fake.ts'

/** An input on streams as its senders see it: bytes that go to its socket, and what comes back. */
export interface Receiver {
  /** Of the input, as in `logs.inputs`. */
  readonly kind: string
  /** In test names. */
  readonly name: string
  /** Its options, as a user writes them; a message may have 64 KiB. */
  readonly config: object
  /** All that a sender writes to bring a record `{"n": …}` for each number, on a connection of its own. */
  message(numbers: readonly number[]): Buffer
  /** The number in a record that was taken. */
  numberOf(text: string): number
  /** A sender that ends its side takes its requests back, so it stays until it has heard. */
  readonly staysOpen?: true
  /** What the sender hears once its records are safe, and not before; absent where the protocol has no such thing. */
  readonly acknowledgement?: RegExp
  /** What is no message of the protocol, by what is wrong with it. */
  readonly malformed: readonly (readonly [what: string, bytes: Buffer])[]
  /** A message beyond the limit; absent where it is taken in pieces. */
  readonly oversized?: Buffer
  /** Options that ask who sends, and messages of those who may not. */
  readonly strangers?: {
    readonly config: object
    readonly messages: readonly (readonly [who: string, bytes: Buffer])[]
  }
  /** A message whose record is of that moment, in milliseconds; absent where records bring no times. */
  at?(timeMs: number): Buffer
}

const text = (value: string) => Buffer.from(value)
const numberIn = (value: string) => Number((JSON.parse(value) as { n: number }).n)

/** One request, after which the sender lets the connection end. */
function request(path: string, body: Buffer, headers: Readonly<Record<string, string>> = {}): Buffer {
  const all = { host: 'here', connection: 'close', 'content-length': String(body.length), ...headers }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([text(`POST ${path} HTTP/1.1\r\n${head.join('')}\r\n`), body])
}

const large = 'x'.repeat(100_000)
const lines = (numbers: readonly number[]) => text(numbers.map(n => `{"n":${n}}\n`).join(''))
const ndjson = { 'content-type': 'application/x-ndjson' }
const badHttp: Receiver['malformed'] = [
  ['bytes that are no HTTP', Buffer.from([0xff, 0x00, 0x13, 0x0a, 0x0d, 0x0a, 0x0d, 0x0a])],
  ['two lengths', text('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab')],
]

const http: Receiver = {
  kind: 'http',
  name: 'http',
  config: { maxBody: '64KiB' },
  message: numbers => request('/', lines(numbers), ndjson),
  numberOf: numberIn,
  acknowledgement: /^HTTP\/1\.1 201 /,
  malformed: [
    ...badHttp,
    ['what is no JSON', request('/', text('{"n":'), ndjson)],
    ['what is no object', request('/', text('[1]'), { 'content-type': 'application/json' })],
    ['what is no gzip', request('/', text('{}'), { ...ndjson, 'content-encoding': 'gzip' })],
    [
      'half of a gzip',
      request('/', gzipSync(lines([1])).subarray(0, 20), { ...ndjson, 'content-encoding': 'gzip' }),
    ],
  ],
  oversized: request('/', text(`{"n":"${large}"}`), ndjson),
  strangers: {
    config: { auth: { users: { me: 'secret' }, tokens: ['token'] } },
    messages: [
      ['nobody', request('/', lines([1]), ndjson)],
      ['another token', request('/', lines([1]), { ...ndjson, authorization: 'Bearer tokens' })],
      [
        'another password',
        request('/', lines([1]), { ...ndjson, authorization: `Basic ${btoa('me:secrets')}` }),
      ],
    ],
  },
}

function otlpBody(numbers: readonly number[], timeMs?: number): Buffer {
  const logRecords = numbers.map(n => ({
    ...(timeMs !== undefined && { timeUnixNano: String(BigInt(timeMs) * 1_000_000n) }),
    body: { kvlistValue: { values: [{ key: 'n', value: { intValue: String(n) } }] } },
  }))
  return encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
}

const protobuf = { 'content-type': 'application/x-protobuf' }
const json = { 'content-type': 'application/json' }
const otlpJson = (value: unknown) =>
  text(
    JSON.stringify({
      resourceLogs: [
        { scopeLogs: [{ logRecords: [{ body: { kvlistValue: { values: [{ key: 'n', value }] } } }] }] },
      ],
    }),
  )

const otlp: Receiver = {
  kind: 'otlp',
  name: 'otlp by HTTP with protobuf',
  config: { maxBody: '64KiB' },
  message: numbers => request('/v1/logs', otlpBody(numbers), protobuf),
  numberOf: numberIn,
  acknowledgement: /^HTTP\/1\.1 200 /,
  malformed: [
    ...badHttp,
    ['what is no protobuf', request('/v1/logs', Buffer.from([0x0a, 0xff, 0xff]), protobuf)],
    ['a field that is cut off', request('/v1/logs', otlpBody([1]).subarray(0, 9), protobuf)],
    ['a type that nobody knows', request('/v1/logs', text('a=1'), { 'content-type': 'text/plain' })],
  ],
  oversized: request('/v1/logs', Buffer.concat([otlpBody([1]), Buffer.alloc(100_000)]), protobuf),
  strangers: {
    config: { auth: { tokens: ['token'] } },
    messages: [
      ['nobody', request('/v1/logs', otlpBody([1]), protobuf)],
      ['another token', request('/v1/logs', otlpBody([1]), { ...protobuf, authorization: 'Bearer x' })],
    ],
  },
  at: timeMs => request('/v1/logs', otlpBody([0], timeMs), protobuf),
}

const otlpByJson: Receiver = {
  ...otlp,
  name: 'otlp by HTTP with JSON',
  message: numbers => request('/v1/logs', otlpJson({ intValue: String(numbers[0]) }), json),
  malformed: [
    ['what is no JSON', request('/v1/logs', text('{"resourceLogs":['), json)],
    ['another shape', request('/v1/logs', text('{"resourceLogs":1}'), json)],
  ],
  oversized: request('/v1/logs', otlpJson({ stringValue: large }), json),
}

/** One call of HTTP/2 with prior knowledge: preface, settings, headers without compression, data. */
function grpcCall(body: Buffer, headers: Readonly<Record<string, string>> = {}): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    ':authority': 'here',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  }
  const literal = (value: string) => [Buffer.from([value.length]), text(value)]
  const block = Object.entries(fields).flatMap(([name, value]) => [
    Buffer.from([0]),
    ...literal(name),
    ...literal(value),
  ])
  const frame = (type: number, flags: number, stream: number, payload: Buffer) => {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head[3] = type
    head[4] = flags
    head.writeUInt32BE(stream, 5)
    return Buffer.concat([head, payload])
  }
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += 16_384) {
    const piece = body.subarray(at, at + 16_384)
    pieces.push(frame(0, at + piece.length === body.length ? 1 : 0, 1, piece))
  }
  return Buffer.concat([
    text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4, 0, 0, Buffer.alloc(0)),
    frame(1, 4, 1, Buffer.concat(block)),
    ...pieces,
  ])
}

const grpc: Receiver = {
  kind: 'otlp',
  name: 'otlp by gRPC',
  staysOpen: true,
  config: { maxBody: '64KiB' },
  message: numbers => grpcCall(frameMessage(otlpBody(numbers))),
  numberOf: numberIn,
  // `grpc-status: 0` as the server's encoder writes it (RFC 7541, Huffman code).
  acknowledgement: /\x9a\xca\xc8\xb2\x124\xda\x8f\x010/,
  malformed: [
    ['what is no message of gRPC', grpcCall(text('no message'))],
    ['a message that is no protobuf', grpcCall(frameMessage(Buffer.from([0x0a, 0xff, 0xff])))],
  ],
  oversized: grpcCall(frameMessage(Buffer.concat([otlpBody([1]), Buffer.alloc(60_000), Buffer.alloc(6000)]))),
}

const bulk = (numbers: readonly number[]) => text(numbers.map(n => `{"create":{}}\n{"n":${n}}\n`).join(''))

const elasticsearch: Receiver = {
  kind: 'elasticsearch',
  name: 'elasticsearch',
  config: { maxBody: '64KiB' },
  message: numbers => request('/logs/_bulk', bulk(numbers), ndjson),
  numberOf: numberIn,
  acknowledgement: /"errors":false/,
  malformed: [
    ...badHttp,
    ['an action that is none', request('/logs/_bulk', text('{"create":1}\n{"n":1}\n'), ndjson)],
    ['an action without a document', request('/logs/_bulk', text('{"create":{}}\n'), ndjson)],
  ],
  oversized: request('/logs/_bulk', text(`{"create":{}}\n{"n":"${large}"}\n`), ndjson),
  strangers: {
    config: { auth: { users: { me: 'secret' } } },
    messages: [
      ['nobody', request('/logs/_bulk', bulk([1]), ndjson)],
      [
        'another password',
        request('/logs/_bulk', bulk([1]), { ...ndjson, authorization: `Basic ${btoa('me:')}` }),
      ],
    ],
  },
  at: timeMs =>
    request(
      '/logs/_bulk',
      text(`{"create":{}}\n{"n":0,"@timestamp":"${new Date(timeMs).toISOString()}"}\n`),
      ndjson,
    ),
}

const token = { authorization: 'Splunk secret' }
const events = (numbers: readonly number[]) => text(numbers.map(n => `{"event":{"n":${n}}}`).join(''))

const splunk: Receiver = {
  kind: 'splunk',
  name: 'splunk',
  config: { maxBody: '64KiB', tokens: ['secret'] },
  message: numbers => request('/services/collector', events(numbers), token),
  numberOf: value => Number(/"n":(\d+)/.exec(value)?.[1]),
  acknowledgement: /"code":0/,
  malformed: [
    ...badHttp,
    ['what is no JSON', request('/services/collector', text('{"event":'), token)],
    ['an event that is empty', request('/services/collector', text('{"event":""}'), token)],
    ['no event', request('/services/collector', text('{"time":1}'), token)],
  ],
  oversized: request('/services/collector', text(`{"event":"${large}"}`), token),
  strangers: {
    config: {},
    messages: [
      ['nobody', request('/services/collector', events([1]))],
      ['another token', request('/services/collector', events([1]), { authorization: 'Splunk secrets' })],
    ],
  },
  at: timeMs => request('/services/collector', text(`{"time":${timeMs / 1000},"event":{"n":0}}`), token),
}

const pack = (...values: unknown[]) => Buffer.concat(values.map(value => Buffer.from(encode(value))))
const entries = (numbers: readonly number[]) => pack(...numbers.map(n => [1_700_000_000, { n }]))

const forward: Receiver = {
  kind: 'forward',
  name: 'forward',
  config: { maxMessage: '64KiB' },
  message: numbers => pack(['a', entries(numbers), { chunk: 'c' }]),
  numberOf: numberIn,
  acknowledgement: /ack.c/,
  malformed: [
    ['no MessagePack', Buffer.from([0xc1])],
    ['JSON', text('["tag",1,{}]')],
    ['a record that is none', pack(['a', 1, 'text'])],
    ['packed entries that are cut off', pack(['a', entries([1]).subarray(0, -1)])],
    ['what is no gzip', pack(['a', entries([1]), { compressed: 'gzip' }])],
    ['a bomb', pack(['a', gzipSync(Buffer.alloc(5_000_000)), { compressed: 'gzip' }])],
  ],
  oversized: pack(['a', 1, { n: large }]),
  strangers: {
    config: { auth: { sharedKey: 'key', hostname: 'receiver' } },
    messages: [
      ['nobody', pack(['a', entries([1])])],
      [
        'another key',
        pack(['PING', 'sender', 'salt', createHash('sha512').update('x').digest('hex'), '', '']),
      ],
    ],
  },
  at: timeMs => pack(['a', Math.floor(timeMs / 1000), { n: 0 }]),
}

const message5424 = (n: number, time = '-') => `<13>1 ${time} host app - - - {"n":${n}}`
const octets = (messages: readonly string[]) => text(messages.map(one => `${one.length} ${one}`).join(''))

const syslog: Receiver = {
  kind: 'syslog',
  name: 'syslog by TCP with lengths',
  config: { transport: 'tcp', maxMessage: '64KiB' },
  message: numbers => octets(numbers.map(n => message5424(n))),
  numberOf: value => Number(/"n":(\d+)/.exec(value)?.[1]),
  malformed: [['a length that is none', text('12x4 <13>1 - a b - - - c')]],
  oversized: octets([`<13>1 - a b - - - ${large}`]),
}

const syslogLines: Receiver = {
  kind: 'syslog',
  name: 'syslog by TCP with lines',
  config: { transport: 'tcp', maxMessage: '64KiB' },
  message: numbers => text(numbers.map(n => `${message5424(n)}\n`).join('')),
  numberOf: syslog.numberOf,
  malformed: [],
}

const tcp: Receiver = {
  kind: 'tcp',
  name: 'tcp with lines',
  config: { maxMessage: '64KiB' },
  message: lines,
  // The end of a connection ends a line.
  numberOf: value => Number(/^\{"n":(\d+)\}$/.exec(value)?.[1]),
  malformed: [],
}

const tcpJson: Receiver = {
  kind: 'tcp',
  name: 'tcp with objects',
  config: { framing: 'json', maxMessage: '64KiB' },
  message: lines,
  numberOf: numberIn,
  malformed: [['what is no object', text('hello\n')]],
  oversized: text(`{"n":"${large}"}`),
}

/** Every input that listens on streams. */
export const receivers: readonly Receiver[] = [
  http,
  otlp,
  otlpByJson,
  grpc,
  elasticsearch,
  splunk,
  forward,
  syslog,
  syslogLines,
  tcp,
  tcpJson,
]
