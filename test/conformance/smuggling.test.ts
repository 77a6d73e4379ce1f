// What goes through the proxy is read by its neighbours with the leniency that they may have: node:http with its
// lenient parser for a backend, its strict one for a client. Whatever a peer sends, the other one sees as many messages
// as the proxy has, and the same ones.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { RawPeer } from '../../src/http/raw-peer-fake.ts'
import { type FakeProxy, startProxy } from '../../src/modules/proxy/proxy-fake.ts'
import type { RequestHead } from '../../src/wire/http1/head.ts'
import { readMessage } from '../../src/wire/http1/read-message.ts'
import { ByteWriter } from '../../src/wire/http2/byte-writer.ts'
import { Flag, FrameType, PREFACE } from '../../src/wire/http2/frame.ts'
import { writeFrameHead } from '../../src/wire/http2/frame-encoder.ts'
import { HpackEncoder } from '../../src/wire/http2/hpack-encoder.ts'
import { type Message, messages, mutated } from '../corpus/http1/messages.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  body: string
}

const runs = (count: number): number => (process.env['OUTRIGGER_LONG_TESTS'] === '1' ? count * 50 : count)

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The requests that are whole, up to the first that is not. */
function wholeRequests(bytes: Buffer): { head: RequestHead; body: string }[] {
  const found: { head: RequestHead; body: string }[] = []
  let rest = bytes
  while (rest.length > 0) {
    const reading = readMessage([rest], 'request')
    if (reading.verdict !== 'read') break
    const head = reading.head as RequestHead
    found.push({ head, body: reading.body })
    if (!head.persistent) break
    rest = rest.subarray(rest.length - reading.restBytes)
  }
  return found
}

/** Whether these stand in that order in the others. */
function isWithin(some: readonly string[], all: readonly string[]): boolean {
  let at = 0
  for (const one of some) {
    at = all.indexOf(one, at) + 1
    if (at === 0) return false
  }
  return true
}

/** Answered by the proxy itself, or not to be understood by node:http, which knows 35 methods. */
function staysHere({ method }: RequestHead): boolean {
  return method === 'CONNECT' || !http.METHODS.includes(method)
}

describe('a lenient backend', () => {
  let backend: Server
  let proxy: FakeProxy
  let seen: Seen[] = []
  let broken: string[] = []
  const sockets = new Set<Socket>()

  before(async () => {
    const server = http.createServer(
      { insecureHTTPParser: true, requireHostHeader: false },
      (request, response) => {
        const one: Seen = {
          method: request.method!,
          url: request.url!,
          headers: request.rawHeaders,
          body: '',
        }
        request.on('data', (chunk: Buffer) => {
          one.body += chunk.toString('latin1')
        })
        request.on('end', () => {
          seen.push(one)
          response.end('ok')
        })
        request.on('error', () => {})
      },
    )
    server.on('checkContinue', (request, response) => {
      response.writeContinue()
      server.emit('request', request, response)
    })
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      // It knows 35 methods; the proxy passes any.
      if (error.code?.startsWith('HPE_') && !/INVALID_(?:EOF_STATE|METHOD)$/.test(error.code))
        broken.push(error.code)
      socket.destroy()
    })
    server.on('connection', socket => sockets.add(socket))
    backend = server
    proxy = await startProxy([await listening(backend)])
  })
  after(async () => {
    await proxy[Symbol.asyncDispose]()
    for (const socket of sockets) socket.destroy()
    backend.close()
  })

  async function sees(bytes: Buffer, name = bytes.toString('latin1')): Promise<void> {
    seen = []
    broken = []
    const client = await RawPeer.connect(proxy.port)
    client.socket.end(bytes)
    await client.end()
    client.socket.destroy()
    const expected = wholeRequests(bytes)
    const told = ({ method, body }: { method: string; body: string }): string => `${method} ${body}`
    const ours = expected.map(({ head, body }) => told({ method: head.method, body }))
    const theirs = seen.map(told)
    // What the proxy answers itself the backend does not see; what it sees is what we have read, in the same order.
    if (expected.some(({ head }) => staysHere(head)) || /outrigger-error: bad_request/.test(client.heard))
      assert.ok(isWithin(theirs, ours), `${name}: ${JSON.stringify({ theirs, ours })}`)
    else assert.deepEqual(theirs, ours, name)
    assert.deepEqual(broken, [], `what was forwarded is malformed: ${name}`)
    for (const { url } of seen) assert.doesNotMatch(url, /victim.*victim/)
  }

  for (const { name, bytes } of messages('requests'))
    test(`sees what the proxy sees: ${name}`, () => sees(bytes, name))

  test('sees what the proxy sees after random changes', async () => {
    await fc.assert(
      fc.asyncProperty(mutated(messages('requests')), bytes => sees(bytes)),
      { numRuns: runs(400) },
    )
  })

  const GET = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/']
  const TRICKS: [what: string, fields: string[], body?: string][] = [
    ['H2.CL', [...GET.with(1, 'POST'), 'content-length', '0'], 'GET /victim HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'H2.TE',
      [...GET.with(1, 'POST'), 'transfer-encoding', 'chunked'],
      '0\r\n\r\nGET /victim HTTP/1.1\r\n\r\n',
    ],
    ['a line in a value', [...GET, 'x', 'a\r\ntransfer-encoding: chunked']],
    ['LF in a value', [...GET, 'x', 'a\ncontent-length: 5']],
    ['NUL in a value', [...GET, 'x', 'a\0b']],
    ['a line in a name', [...GET, 'x: a\r\ny', 'b']],
    ['a colon in a name', [...GET, 'transfer-encoding:chunked', 'b']],
    ['a space in a name', [...GET, 'transfer-encoding ', 'chunked']],
    ['an upper-case name', [...GET, 'Transfer-Encoding', 'chunked']],
    ['a request line in the method', GET.with(1, 'GET / HTTP/1.1\r\nX: y')],
    ['a space in the method', GET.with(1, 'GET /admin')],
    ['a version in the path', GET.with(7, '/ HTTP/1.1\r\nHost: b\r\n\r\nGET /victim')],
    ['a space in the path', GET.with(7, '/a b')],
    ['an absolute path', GET.with(7, 'http://b/')],
    ['a line in the authority', GET.with(5, 'a\r\nX: y')],
    ['userinfo in the authority', GET.with(5, 'u@a')],
    ['another host', [...GET, 'host', 'b']],
    ['two hosts', [...GET, 'host', 'a', 'host', 'a']],
    ['two lengths', [...GET.with(1, 'POST'), 'content-length', '3', 'content-length', '3'], 'abc'],
    ['a length with a plus', [...GET.with(1, 'POST'), 'content-length', '+3'], 'abc'],
    ['a length that is too small', [...GET.with(1, 'POST'), 'content-length', '2'], 'abc'],
    ['a length that is too large', [...GET.with(1, 'POST'), 'content-length', '4'], 'abc'],
    ['te with a coding', [...GET, 'te', 'trailers, chunked']],
    ['connection', [...GET, 'connection', 'content-length']],
    ['upgrade', [...GET, 'upgrade', 'h2c']],
    ['an underscore', [...GET, 'content_length', '5']],
    ['a pseudo-header after a header', [...GET.slice(0, 6), 'x', 'y', ':path', '/']],
    ['two paths', [...GET, ':path', '/victim']],
    ['an unknown pseudo-header', [...GET, ':host', 'b']],
    ['CONNECT with a path', GET.with(1, 'CONNECT')],
  ]

  /** One request over HTTP/2 with any bytes for fields; resolves when the proxy has answered or refused it. */
  async function overHttp2(fields: readonly string[], body: string | undefined): Promise<string> {
    const out = new ByteWriter(Buffer.alloc(4096))
    const block = new ByteWriter(Buffer.alloc(4096))
    const encoder = new HpackEncoder()
    encoder.begin(block)
    for (let at = 0; at < fields.length; at += 2) encoder.field(block, fields[at]!, fields[at + 1]!)
    const frame = (type: number, flags: number, streamId: number, payload: Buffer): void => {
      writeFrameHead(out, payload.length, type, flags, streamId)
      out.ensure(payload.length)
      out.at += payload.copy(out.bytes, out.at)
    }
    frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(0))
    const end = body === undefined ? Flag.END_STREAM : 0
    frame(FrameType.HEADERS, Flag.END_HEADERS | end, 1, block.bytes.subarray(0, block.at))
    if (body !== undefined) frame(FrameType.DATA, Flag.END_STREAM, 1, Buffer.from(body, 'latin1'))
    const client = await RawPeer.connect(proxy.port)
    client.say(PREFACE)
    client.socket.write(out.bytes.subarray(0, out.at))
    // The end of stream 1: RST_STREAM, a frame with END_STREAM, or the end of all.
    const over = (): boolean =>
      client.closed || client.ended || streamIsOver(Buffer.from(client.heard, 'latin1'))
    await client.hears(over).catch(() => '')
    client.socket.destroy()
    return client.heard
  }

  function streamIsOver(bytes: Buffer): boolean {
    for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
      const type = bytes[at + 3]!
      const isOurs = bytes.readUInt32BE(at + 5) === 1
      if (type === FrameType.GOAWAY) return true
      if (isOurs && type === FrameType.RST_STREAM) return true
      const mayEnd = type === FrameType.DATA || type === FrameType.HEADERS
      const whole = at + 9 + bytes.readUIntBE(at, 3) <= bytes.length
      if (isOurs && whole && mayEnd && (bytes[at + 4]! & Flag.END_STREAM) !== 0) return true
    }
    return false
  }

  for (const [what, fields, body] of TRICKS)
    test(`sees nothing whole of a request over HTTP/2 with ${what}`, async () => {
      seen = []
      broken = []
      await overHttp2(fields, body)
      assert.deepEqual(seen, [])
      assert.deepEqual(broken, [])
    })

  test('sees one request at most, and no field that was not sent, whatever comes over HTTP/2', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        'transfer-encoding',
        'content-length',
        'host',
        'connection',
        'te',
        'upgrade',
        'x',
        'cookie',
      ),
      fc.constantFrom(
        'chunked',
        'trailers',
        '3',
        '0',
        'a',
        'a\r\nvictim: 1',
        'a\nvictim: 1',
        'x: y',
        ' ',
        '\t',
        '\0',
      ),
      fc.string({ maxLength: 6, unit: 'binary-ascii' }),
    )
    const field = fc.tuple(part, part).map(([name, value]) => [name === '' ? 'x' : name, value])
    await fc.assert(
      fc.asyncProperty(
        fc.array(field, { maxLength: 4 }),
        fc.integer({ min: 0, max: 3 }),
        part,
        fc.option(fc.constantFrom('', 'abc', '0\r\n\r\nGET /victim HTTP/1.1\r\n\r\n'), { nil: undefined }),
        async (fields, changed, value, body) => {
          seen = []
          broken = []
          const pseudo = value === '' ? GET : GET.with(2 * changed + 1, value)
          await overHttp2([...pseudo, ...fields.flat()], body)
          assert.deepEqual(broken, [])
          assert.ok(seen.length <= 1, JSON.stringify(seen))
          for (const { url, headers } of seen) {
            assert.doesNotMatch(url, /victim/)
            assert.ok(!headers.includes('victim'), JSON.stringify(headers))
          }
        },
      ),
      { numRuns: runs(400) },
    )
  })
})

describe('a client of a backend that lies', () => {
  let answer: Message
  let backend: Server
  let proxy: FakeProxy
  const sockets = new Set<Socket>()

  before(async () => {
    // It says the bytes whole for each request that it reads, and then its end, or not.
    backend = createServer(socket => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('data', chunk => {
        const path = /^GET (\S+)/.exec(chunk.toString('latin1'))?.[1]
        if (path === '/honest')
          socket.write('HTTP/1.1 200 OK\r\nX-For: honest\r\nContent-Length: 6\r\n\r\nhonest')
        else socket.end(answer.bytes)
      })
    })
    proxy = await startProxy([await listening(backend)])
  })
  after(async () => {
    await proxy[Symbol.asyncDispose]()
    for (const socket of sockets) socket.destroy()
    backend.close()
  })

  async function get(
    agent: http.Agent,
    path: string,
  ): Promise<{ status: number; from: unknown; text: string }> {
    const request = http.get({ port: proxy.port, host: '127.0.0.1', path, agent })
    request.on('error', () => {})
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    let text = ''
    for await (const chunk of response) text += chunk
    return { status: response.statusCode!, from: response.headers['x-for'], text }
  }

  async function isNotFooled(message: Message): Promise<void> {
    answer = message
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    try {
      let first: Awaited<ReturnType<typeof get>> | undefined
      try {
        first = await get(agent, '/lie')
      } catch (error) {
        // Broken off in the middle: never a protocol error, for that would be of the proxy's own making.
        assert.match(String((error as NodeJS.ErrnoException).code), /^(?:ECONNRESET|EPIPE)$/, message.name)
      }
      const whole = readMessage([message.bytes], 'response')
      if (whole.verdict === 'refused' && first !== undefined)
        assert.ok(first.status === 502 || first.status < 500, message.name)
      const second = await get(agent, '/honest')
      assert.deepEqual(second, { status: 200, from: 'honest', text: 'honest' }, message.name)
    } finally {
      agent.destroy()
    }
  }

  for (const message of messages('responses'))
    test(`gets its own answer after ${message.name}`, () => isNotFooled(message))

  test('gets its own answer after random changes', async () => {
    await fc.assert(
      fc.asyncProperty(mutated(messages('responses')), bytes =>
        isNotFooled({ name: JSON.stringify(bytes.toString('latin1')), bytes }),
      ),
      { numRuns: runs(300) },
    )
  })
})
