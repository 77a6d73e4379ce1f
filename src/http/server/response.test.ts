import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { listen, RawPeer, turns } from '../raw-peer-fake.ts'
import { GET, servedEachTest } from './served-fake.ts'

const here = servedEachTest()
const { peer, answers } = here

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
      here.server.accept(socket)
    })
    const one = await RawPeer.connect(countingPort)
    one.say(GET)
    await one.hears(/hello$/)
    one.socket.destroy()
    await one.gone()
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
      here.handler = (_request, response) => response.send(status, {}, 'ignored')
      const heard = await answers('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      assert.doesNotMatch(heard, /Content-Length|ignored|Transfer-Encoding/)
      assert.match(heard, /\r\n\r\n$/)
    })

  test('of text beyond ASCII is UTF-8 with its length in bytes', async () => {
    here.handler = (_request, response) => response.send(200, {}, 'é€')
    const heard = await answers('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.match(heard, /Content-Length: 5\r\n/)
    assert.equal(Buffer.from(heard.split('\r\n\r\n')[1]!, 'latin1').toString(), 'é€')
  })

  test('that streams is chunked, its head travels with the first bytes, its trailers at the end', async () => {
    here.handler = async (_request, response) => {
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
    here.handler = (_request, response) => {
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
    here.handler = (_request, response) => {
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
    here.handler = (_request, response) => {
      const body = response.start(200, { 'content-length': 6 })
      body.write('abc')
      body.end()
    }
    const one = await peer()
    one.say(GET)
    await one.gone()
    assert.match(String(here.errors[0]), /3 bytes before its Content-Length/)
  })

  test('longer than its Content-Length is refused to the handler', async () => {
    here.handler = (_request, response) => {
      const body = response.start(200, { 'content-length': 2 })
      body.write('abc')
    }
    const one = await peer()
    one.say(GET)
    await one.gone()
    assert.match(String(here.errors[0]), /longer than its Content-Length/)
  })

  test('cannot carry lines that its handler did not mean', async () => {
    here.handler = (request, response) => response.send(302, { Location: request.query.get('to')! })
    const heard = await answers(
      'GET /?to=/%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    assert.match(heard, /^HTTP\/1\.1 500 /)
    assert.doesNotMatch(heard, /Set-Cookie/)
  })

  test('owns its framing: Transfer-Encoding and Keep-Alive of the handler are left out', async () => {
    here.handler = (_request, response) =>
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
    here.handler = (_request, response) => {
      response.inform(103, { Link: '</a>' })
      response.send(200)
    }
    const one = await peer()
    one.say(GET)
    await one.hears(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK/)
  })

  test('larger than a socket buffer arrives whole', async () => {
    here.handler = (_request, response) =>
      response.send(200, { Connection: 'close' }, Buffer.alloc(3_000_000, 'a'))
    const heard = await answers(GET)
    assert.equal(heard.length - heard.indexOf('\r\n\r\n') - 4, 3_000_000)
  })

  test('waits for a client that does not read', async () => {
    let written = 0
    here.handler = async (_request, response) => {
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
    here.handler = async (_request, response) => {
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
    assert.deepEqual(here.errors, [])
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
    here.handler = (_request, response) => {
      const body = response.start(200)
      body.write('abc')
      body.end()
    }
    const heard = await answers('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert.match(heard, /Connection: close\r\n\r\nabc$/)
    assert.doesNotMatch(heard, /chunked/)
  })
})
