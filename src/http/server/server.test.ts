import assert from 'node:assert/strict'
import type { Server, Socket } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { REFUSED_REQUESTS } from '../../wire/http1/request-cases.ts'
import { listen, RawPeer, turns } from '../raw-peer-fake.ts'
import { createHttpServer, type Handler, type HttpServer, type HttpServerOptions } from './server.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (lines: string, body = ''): string => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`

let clock: FakeClock
let handler: Handler
let errors: unknown[]
let rejected: string[]
let server: HttpServer
let listener: Server
let port: number
const peers: RawPeer[] = []

async function start(options: Partial<HttpServerOptions> = {}): Promise<void> {
  server?.close()
  listener?.close()
  server = createHttpServer({
    clock,
    handler: (request, response) => handler(request, response),
    onError: error => errors.push(error),
    onRejected: error => rejected.push(error.reason),
    ...options,
  })
  ;({ server: listener, port } = await listen(server.accept))
}

async function peer(): Promise<RawPeer> {
  const one = await RawPeer.connect(port)
  peers.push(one)
  return one
}

/** What the server answers, from the first byte to its end. */
async function answers(text: string): Promise<string> {
  const one = await peer()
  one.say(text)
  const heard = await one.end()
  one.socket.end()
  return heard
}

beforeEach(async () => {
  clock = new FakeClock()
  errors = []
  rejected = []
  handler = (_request, response) => response.send(200, { 'Content-Type': 'text/plain' }, 'hello')
  await start()
})

afterEach(async () => {
  server.close()
  listener.close()
  for (const one of peers.splice(0)) {
    one.socket.destroy()
    await one.gone()
  }
  await turns()
  assert.equal(server.connections, 0, 'every connection is let go')
  assert.equal(clock.pending, 0, 'no timer is left')
})

describe('a response', () => {
  test('that is sent whole has its length, a date and the connection stays', async () => {
    const one = await peer()
    one.say(GET)
    assert.equal(
      await one.hears(/hello$/),
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 5\r\n\r\nhello',
    )
    one.forget()
    one.say(GET)
    await one.hears(/hello$/)
  })

  test('leaves the process in one write', async () => {
    const writes: number[] = []
    const { server: counting, port: countingPort } = await listen((socket: Socket) => {
      const write = socket.write.bind(socket)
      socket.write = ((...args: Parameters<typeof write>) => {
        writes.push(args[0].length)
        return write(...args)
      }) as typeof socket.write
      server.accept(socket)
    })
    const one = await RawPeer.connect(countingPort)
    peers.push(one)
    one.say(GET)
    await one.hears(/hello$/)
    counting.close()
    assert.equal(writes.length, 1)
  })

  test('to HEAD has the length and no body', async () => {
    assert.match(
      await answers('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
      /Content-Length: 5\r\n[\s\S]*\r\n\r\n$/,
    )
  })

  for (const status of [204, 304])
    test(`with status ${status} has no body and no length`, async () => {
      handler = (_request, response) => response.send(status, {}, 'ignored')
      const heard = await answers('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      assert.doesNotMatch(heard, /Content-Length|ignored|Transfer-Encoding/)
      assert.match(heard, /\r\n\r\n$/)
    })

  test('of text beyond ASCII is UTF-8 with its length in bytes', async () => {
    handler = (_request, response) => response.send(200, {}, 'é€')
    const heard = await answers('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.match(heard, /Content-Length: 5\r\n/)
    assert.equal(Buffer.from(heard.split('\r\n\r\n')[1]!, 'latin1').toString(), 'é€')
  })

  test('that streams is chunked, its head travels with the first bytes, its trailers at the end', async () => {
    handler = async (_request, response) => {
      const body = response.start(200)
      await body.write('one')
      await body.write(Buffer.from('twenty-byte long text'))
      body.end({ 'X-Sum': 3 })
    }
    const one = await peer()
    one.say(GET)
    const heard = await one.hears(/X-Sum: 3\r\n\r\n$/)
    assert.match(
      heard,
      /Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n15\r\ntwenty-byte long text\r\n0\r\nX-Sum: 3/,
    )
  })

  test('that streams nothing at first sends its head', async () => {
    let finish = (): void => {}
    handler = (_request, response) => {
      const body = response.start(200)
      finish = () => body.end()
    }
    const one = await peer()
    one.say(GET)
    await one.hears(/chunked\r\n\r\n$/)
    finish()
    await one.hears(/\r\n\r\n0\r\n\r\n$/)
  })

  test('that streams with a Content-Length is not chunked', async () => {
    handler = (_request, response) => {
      const body = response.start(200, { 'content-length': 6 })
      body.write('abc')
      body.write('def')
      body.end()
    }
    const one = await peer()
    one.say(GET)
    assert.doesNotMatch(await one.hears(/\r\n\r\nabcdef$/), /chunked/)
  })

  test('that ends before its Content-Length breaks the connection', async () => {
    handler = (_request, response) => {
      const body = response.start(200, { 'content-length': 6 })
      body.write('abc')
      body.end()
    }
    const one = await peer()
    one.say(GET)
    await one.gone()
    assert.match(String(errors[0]), /3 bytes before its Content-Length/)
  })

  test('longer than its Content-Length is refused to the handler', async () => {
    handler = (_request, response) => {
      const body = response.start(200, { 'content-length': 2 })
      body.write('abc')
    }
    const one = await peer()
    one.say(GET)
    await one.gone()
    assert.match(String(errors[0]), /longer than its Content-Length/)
  })

  test('cannot carry lines that its handler did not mean', async () => {
    handler = (request, response) => response.send(302, { Location: request.query.get('to')! })
    const heard = await answers(
      'GET /?to=/%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    assert.match(heard, /^HTTP\/1\.1 500 /)
    assert.doesNotMatch(heard, /Set-Cookie/)
  })

  test('owns its framing: Transfer-Encoding and Keep-Alive of the handler are left out', async () => {
    handler = (_request, response) =>
      response.send(
        200,
        { 'Transfer-Encoding': 'chunked', 'Keep-Alive': 'timeout=9', Connection: 'close' },
        'x',
      )
    const heard = await answers(GET)
    assert.doesNotMatch(heard, /chunked|Keep-Alive/)
    assert.match(heard, /Connection: close/)
  })

  test('may follow interim ones', async () => {
    handler = (_request, response) => {
      response.inform(103, { Link: '</a>' })
      response.send(200)
    }
    const one = await peer()
    one.say(GET)
    await one.hears(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK/)
  })

  test('larger than a socket buffer arrives whole', async () => {
    handler = (_request, response) =>
      response.send(200, { Connection: 'close' }, Buffer.alloc(3_000_000, 'a'))
    const heard = await answers(GET)
    assert.equal(heard.length - heard.indexOf('\r\n\r\n') - 4, 3_000_000)
  })

  test('waits for a client that does not read', async () => {
    let written = 0
    handler = async (_request, response) => {
      const body = response.start(200)
      for (; written < 400; written++) await body.write(Buffer.alloc(64 * 1024))
      body.end()
    }
    const one = await peer()
    one.socket.pause()
    one.say(GET)
    await turns(50)
    const before = written
    await turns(50)
    assert.ok(written === before && written < 400, `${written} chunks were written into nowhere`)
    one.socket.resume()
    await one.hears(peer => peer.heardBytes > 400 * 64 * 1024 && peer.heard.endsWith('0\r\n\r\n'))
  })

  test('to a client that is gone fails the write and aborts the signal, and is no error of the handler', async () => {
    const outcome = Promise.withResolvers<string>()
    handler = async (_request, response) => {
      const body = response.start(200)
      const aborted = new Promise(resolve => response.signal.addEventListener('abort', resolve))
      await body.write('x')
      await aborted
      try {
        await body.write('y')
      } catch (error) {
        outcome.resolve((error as { code: string }).code)
        throw error
      }
    }
    const one = await peer()
    one.say(GET)
    await one.hears(/x\r\n$/)
    one.socket.resetAndDestroy()
    assert.equal(await outcome.promise, 'client_gone')
    await turns()
    assert.deepEqual(errors, [])
  })
})

describe('HTTP/1.0', () => {
  test('is answered and the connection closed', async () => {
    assert.match(
      await answers('GET / HTTP/1.0\r\n\r\n'),
      /^HTTP\/1\.1 200 [\s\S]*Connection: close\r\n\r\nhello$/,
    )
  })

  test('keeps the connection when asked to', async () => {
    const one = await peer()
    one.say('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    await one.hears(/Connection: keep-alive\r\n\r\nhello$/)
    one.say('GET / HTTP/1.0\r\n\r\n')
    assert.equal((await one.end()).match(/hello/g)?.length, 2)
  })

  test('gets a stream until the end of the connection', async () => {
    handler = (_request, response) => {
      const body = response.start(200)
      body.write('abc')
      body.end()
    }
    const heard = await answers('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert.match(heard, /Connection: close\r\n\r\nabc$/)
    assert.doesNotMatch(heard, /chunked/)
  })
})

describe('pipelined requests', () => {
  test('are answered in order, one at a time, however long each takes', async () => {
    const waiting: (() => void)[] = []
    handler = (request, response) => {
      waiting.push(() => response.send(200, {}, request.path))
    }
    const one = await peer()
    one.say(['/a', '/b', '/c'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
    for (let at = 0; at < 3; at++) {
      while (waiting.length <= at) await turns(1)
      assert.equal(waiting.length, at + 1)
      waiting[at]!()
    }
    assert.match(await one.hears(/\/c$/), /\/a[^/]*HTTP\/1[\s\S]*\/b[^/]*HTTP\/1[\s\S]*\/c$/)
  })

  test('with bodies keep them apart', async () => {
    handler = async (request, response) => {
      const text = (await request.body.bytes(100)).toString()
      await turns(2)
      response.send(200, {}, `[${text}]`)
    }
    const one = await peer()
    const chunked = post('Transfer-Encoding: chunked', '2\r\nde\r\n1\r\nf\r\n0\r\n\r\n')
    one.say(post('Content-Length: 3', 'abc') + chunked + GET)
    await one.hears(/\[abc\][\s\S]*\[def\][\s\S]*\[\]$/)
  })

  test('before a half-close are all answered', async () => {
    handler = async (request, response) => {
      await turns(3)
      response.send(200, {}, request.path)
    }
    const one = await peer()
    one.socket.end(`GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.match(await one.end(), /\/a[\s\S]*\/b$/)
    await one.gone()
  })

  test('after Connection: close are not read', async () => {
    let served = 0
    handler = (_request, response) => {
      served++
      response.send(200)
    }
    await answers(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${GET}`)
    assert.equal(served, 1)
  })

  test('in great number do not overrun memory: the socket is paused', async () => {
    const waiting: (() => void)[] = []
    handler = (_request, response) => {
      waiting.push(() => response.send(200, {}, 'x'))
    }
    const one = await peer()
    const all = 60_000
    one.say(GET.repeat(all))
    await turns(200)
    assert.equal(waiting.length, 1)
    assert.ok(one.socket.writableLength > 0 || one.socket.bytesWritten < all * GET.length + 1)
  })
})

describe('a request body', () => {
  test('is read by bytes', async () => {
    handler = async (request, response) => response.send(200, {}, await request.body.bytes(5))
    const one = await peer()
    one.say(post('Content-Length: 5', 'ab'))
    await turns()
    one.say('cde')
    await one.hears(/\r\n\r\nabcde$/)
  })

  test('is read by for await, with its trailers', async () => {
    handler = async (request, response) => {
      let text = ''
      for await (const chunk of request.body) text += chunk
      response.send(200, {}, `${text} ${request.body.trailers?.get('x')}`)
    }
    const one = await peer()
    one.say(post('Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\nX: y\r\n\r\n'))
    await one.hears(/\r\n\r\nabc y$/)
  })

  test('that is not read stops the client, and goes on when it is', async () => {
    const read = Promise.withResolvers<void>()
    handler = async (request, response) => {
      await read.promise
      let length = 0
      for await (const chunk of request.body) length += chunk.length
      response.send(200, {}, String(length))
    }
    const one = await peer()
    one.say(post('Content-Length: 20000000', 'x'.repeat(20_000_000)))
    await turns(100)
    assert.ok(one.socket.writableLength > 0, 'the client could not send all of it')
    read.resolve()
    await one.hears(/\r\n\r\n20000000$/)
  })

  for (const [name, lines, body] of [
    ['by its Content-Length', 'Content-Length: 11', 'x'.repeat(11)],
    ['by its chunks', 'Transfer-Encoding: chunked', 'b\r\nabcdefghijk\r\n0\r\n\r\n'],
  ] as const)
    test(`that is too large ${name} is answered with 413`, async () => {
      handler = async (request, response) => response.send(200, {}, await request.body.bytes(10))
      assert.match(await answers(post(lines, body)), /^HTTP\/1\.1 413 [\s\S]*Connection: close/)
      assert.deepEqual(errors, [])
    })

  test('that nobody reads is dropped when small, and the connection serves on', async () => {
    const one = await peer()
    one.say(post('Content-Length: 1000', 'x'.repeat(500)))
    await one.hears(/hello$/)
    one.say('x'.repeat(500) + GET)
    assert.doesNotMatch(await one.hears(/hello[\s\S]*hello$/), /Connection: close/)
  })

  test('that nobody reads closes the connection when large', async () => {
    const one = await peer()
    one.say(post('Content-Length: 1000000', 'x'.repeat(100_000)))
    assert.match(await one.end(), /Connection: close\r\n\r\nhello$/)
  })

  test('that is chunked and nobody reads closes the connection at the limit', async () => {
    const one = await peer()
    one.say(post('Transfer-Encoding: chunked'))
    await one.hears(/hello$/)
    one.say(`30000\r\n${'x'.repeat(0x30000)}\r\n`)
    await one.end()
  })

  test('that is malformed fails the reader and is answered with 400', async () => {
    handler = async (request, response) => response.send(200, {}, await request.body.bytes(100))
    assert.match(await answers(post('Transfer-Encoding: chunked', '0x3\r\nabc\r\n')), /^HTTP\/1\.1 400 /)
    assert.deepEqual(rejected, ['bad_chunk_size'])
    assert.deepEqual(errors, [])
  })

  test('that the client cuts short is answered with 400', async () => {
    handler = async (request, response) => response.send(200, {}, await request.body.bytes(100))
    const one = await peer()
    one.socket.end(post('Content-Length: 5', 'abc'))
    assert.match(await one.end(), /^HTTP\/1\.1 400 [\s\S]*before the body was complete/)
  })
})

describe('Expect: 100-continue', () => {
  const lines = 'Content-Length: 3\r\nExpect: 100-continue'

  test('is granted when the handler reads', async () => {
    handler = async (request, response) => response.send(200, {}, await request.body.bytes(10))
    const one = await peer()
    one.say(post(lines))
    await one.hears(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    one.say('abc')
    await one.hears(/\r\n\r\nabc$/)
  })

  test('is not granted when the handler answers without reading, and the connection closes', async () => {
    const heard = await answers(post(lines))
    assert.match(heard, /^HTTP\/1\.1 200 [\s\S]*Connection: close\r\n\r\nhello$/)
  })

  test('is not granted when the body would be too large', async () => {
    handler = async (request, response) => response.send(200, {}, await request.body.bytes(2))
    assert.match(await answers(post(lines)), /^HTTP\/1\.1 413 /)
  })

  test('is granted before a response that streams', async () => {
    handler = async (request, response) => {
      const body = response.start(200)
      for await (const chunk of request.body) await body.write(chunk)
      body.end()
    }
    const one = await peer()
    one.say(post(lines))
    await one.hears(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/)
    one.say('abc')
    await one.hears(/3\r\nabc\r\n0\r\n\r\n$/)
  })

  test('is not granted to a client that did not wait', async () => {
    handler = async (request, response) => {
      await turns(3)
      response.send(200, {}, await request.body.bytes(10))
    }
    const one = await peer()
    one.say(post(lines, 'abc'))
    assert.doesNotMatch(await one.hears(/abc$/), /100 Continue/)
  })
})

describe('a handler', () => {
  for (const [name, broken] of [
    [
      'throws',
      () => {
        throw new Error('secret detail')
      },
    ],
    [
      'rejects',
      async () => {
        await turns(1)
        throw new Error('secret detail')
      },
    ],
    ['ends without an answer', async () => {}],
  ] as [string, Handler][])
    test(`that ${name} is answered with a bare 500, and the connection serves on`, async () => {
      const good = handler
      handler = broken
      const one = await peer()
      one.say(GET)
      assert.doesNotMatch(await one.hears(/^HTTP\/1\.1 500 [\s\S]*\n$/), /secret/)
      assert.equal(errors.length, 1)
      handler = good
      one.say(GET)
      await one.hears(/hello$/)
    })

  test('that fails within its answer breaks the connection', async () => {
    handler = async (_request, response) => {
      await response.start(200).write('abc')
      throw new Error('half-way')
    }
    const one = await peer()
    one.say(GET)
    await one.gone()
    assert.doesNotMatch(one.heard, /0\r\n\r\n$/)
  })

  test('cannot answer twice', async () => {
    handler = (_request, response) => {
      response.send(200, {}, 'once')
      response.send(200, {}, 'twice')
    }
    const one = await peer()
    one.say(GET)
    await one.hears(/once$/)
    await turns()
    assert.match(String(errors[0]), /already/)
    assert.doesNotMatch(one.heard, /twice/)
  })

  test('sees path, query, authority and where the client is', async () => {
    handler = (request, response) => {
      const seen = [
        request.method,
        request.path,
        request.query.get('b'),
        request.authority,
        request.remoteAddress,
      ]
      response.send(200, {}, [...seen, request.fromLoopback].join(' '))
    }
    const one = await peer()
    one.say('GET /a%2Fb?b=c%20d HTTP/1.1\r\nHost: x.example:80\r\n\r\n')
    await one.hears(/GET \/a%2Fb c d x\.example:80 127\.0\.0\.1 true$/)
  })
})

describe('a malformed request', () => {
  test('is answered with its status and the connection is closed, for every rule', async () => {
    handler = async (request, response) => {
      const body = await request.body.bytes(1_000_000)
      response.send(200, {}, body)
    }
    for (const { name, bytes, status, reason } of REFUSED_REQUESTS) {
      // A server speaks it; what comes after it here does not.
      if (name === 'the HTTP/2 preface') continue
      rejected = []
      const heard = await answers(bytes + GET)
      assert.match(heard, new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*Connection: close`), name)
      assert.equal(heard.match(/^HTTP\/1\.1 \d{3} /gm)?.length, 1, `${name}: nothing after it is served`)
      assert.deepEqual(rejected, [reason], name)
    }
  })

  test('after good ones lets these be answered first', async () => {
    assert.match(await answers(`${GET}GET / HTTP/1.1\r\n\r\n`), /200 OK[\s\S]*hello[\s\S]*400 Bad Request/)
  })
})

describe('time', () => {
  const ask = async (text: string): Promise<RawPeer> => {
    const one = await peer()
    one.say(text)
    await turns()
    return one
  }

  test('a head that does not come within 10 s is answered with 408', async () => {
    const one = await ask('GET / HTTP/1.1\r\nHost')
    clock.advance(9_900)
    await turns()
    assert.equal(one.heard, '')
    clock.advance(700)
    assert.match(await one.end(), /^HTTP\/1\.1 408 [\s\S]*Connection: close/)
  })

  test('a head that comes byte by byte has the same 10 s', async () => {
    const one = await ask('GET / HTTP/1.1\r\nHost: ')
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000)
      one.say('a')
      await turns(5)
    }
    clock.advance(600)
    assert.match(await one.end(), /^HTTP\/1\.1 408 /)
  })

  test('a connection on which nothing comes is closed without a word', async () => {
    const one = await ask('')
    clock.advance(10_600)
    assert.equal(await one.end(), '')
  })

  test('an idle connection is closed after a minute', async () => {
    const one = await ask(GET)
    await one.hears(/hello$/)
    clock.advance(59_000)
    await turns()
    assert.equal(one.ended, false)
    clock.advance(1_600)
    assert.match(await one.end(), /hello$/)
  })

  test('a handler may take as long as it likes', async () => {
    let answer = (): void => {}
    handler = (_request, response) => {
      answer = () => response.send(200, {}, 'late')
    }
    const one = await ask(GET)
    clock.advance(3_600_000)
    await turns()
    answer()
    await one.hears(/late$/)
  })

  test('a body that stalls for 30 s while it is read is answered with 408', async () => {
    handler = async (request, response) => response.send(200, {}, await request.body.bytes(10))
    const one = await ask(post('Content-Length: 3', 'a'))
    clock.advance(29_000)
    one.say('b')
    await turns()
    clock.advance(29_000)
    await turns()
    assert.equal(one.heard, '')
    clock.advance(1_600)
    assert.match(await one.end(), /^HTTP\/1\.1 408 [\s\S]*Connection: close/)
  })

  test('a client that takes nothing of the answer for a minute is dropped', async () => {
    handler = async (_request, response) => {
      const body = response.start(200)
      for (;;) await body.write(Buffer.alloc(64 * 1024))
    }
    const one = await peer()
    one.socket.pause()
    one.say(GET)
    await turns(100)
    assert.equal(server.connections, 1)
    clock.advance(60_600)
    await turns()
    assert.equal(server.connections, 0)
  })

  test('a client that does not close after the last answer is dropped', async () => {
    const one = await ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await one.end()
    assert.equal(server.connections, 1)
    clock.advance(2_600)
    await turns()
    assert.equal(server.connections, 0)
  })
})

describe('the end', () => {
  const never = { signal: new AbortController().signal }

  test('drain closes idle connections at once', async () => {
    const one = await peer()
    one.say(GET)
    await one.hears(/hello$/)
    const drained = server.drain(never)
    await one.end()
    one.socket.end()
    await drained
    assert.equal(server.connections, 0)
  })

  test('drain lets a request be answered, and says that the connection closes', async () => {
    let answer = (): void => {}
    handler = (_request, response) => {
      answer = () => response.send(200, {}, 'last')
    }
    const one = await peer()
    one.say(GET)
    await turns()
    const drained = server.drain(never)
    answer()
    assert.match(await one.end(), /Connection: close\r\n\r\nlast$/)
    one.socket.end()
    await drained
  })

  test('drain breaks what is left at its deadline', async () => {
    handler = () => {}
    const one = await peer()
    one.say(GET)
    await turns()
    const deadline = new AbortController()
    const drained = server.drain({ signal: deadline.signal })
    deadline.abort()
    await drained
    assert.equal(await one.end(), '')
  })

  test('over the limit of connections a new one is closed at once', async () => {
    await start({ limits: { maxConnections: 1 } })
    const one = await peer()
    one.say(GET)
    await one.hears(/hello$/)
    const two = await peer()
    await two.end()
    assert.equal(server.connections, 1)
  })
})

describe('another protocol', () => {
  const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

  test('gets the raw socket and the bytes after the head', async () => {
    let taken: Socket | undefined
    await start({
      upgrade(request, release, rest) {
        taken = release()
        taken.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${request.path}${rest}`)
        taken.on('data', chunk => taken!.write(chunk))
        taken.resume()
        return true
      },
    })
    const one = await peer()
    one.say(`${UPGRADE}first`)
    await one.hears(/\r\n\r\n\/chatfirst$/)
    one.say('second')
    await one.hears(/second$/)
    assert.equal(server.connections, 0)
    taken!.destroy()
  })

  test('that nobody takes is answered as an ordinary request', async () => {
    await start({ upgrade: () => false })
    const one = await peer()
    one.say(UPGRADE)
    await one.hears(/hello$/)
  })

  test('CONNECT that nobody takes is answered with 501', async () => {
    assert.match(await answers('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'), /^HTTP\/1\.1 501 /)
  })
})
