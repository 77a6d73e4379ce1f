import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { REFUSED_REQUESTS } from '../../wire/http1/request-cases.ts'
import { turns } from '../raw-peer-fake.ts'
import { GET, post, servedEachTest } from './served-fake.ts'
import type { Handler } from './server.ts'

const here = servedEachTest()
const { start, peer, answers } = here

describe('pipelined requests', () => {
  test('are answered in order, one at a time, however long each takes', async () => {
    const waiting: (() => void)[] = []
    here.handler = (request, response) => {
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
    here.handler = async (request, response) => {
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
    here.handler = async (request, response) => {
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
    here.handler = (_request, response) => {
      served++
      response.send(200)
    }
    await answers(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${GET}`)
    assert.equal(served, 1)
  })

  test('in great number do not overrun memory: the socket is paused', async () => {
    const waiting: (() => void)[] = []
    here.handler = (_request, response) => {
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
      const good = here.handler
      here.handler = broken
      const one = await peer()
      one.say(GET)
      assert.doesNotMatch(await one.hears(/^HTTP\/1\.1 500 [\s\S]*\n$/), /secret/)
      assert.equal(here.errors.length, 1)
      here.handler = good
      one.say(GET)
      await one.hears(/hello$/)
    })

  test('that fails within its answer breaks the connection', async () => {
    here.handler = async (_request, response) => {
      await response.start(200).write('abc')
      throw new Error('half-way')
    }
    const one = await peer()
    one.say(GET)
    await one.gone()
    assert.doesNotMatch(one.heard, /0\r\n\r\n$/)
  })

  test('cannot answer twice', async () => {
    here.handler = (_request, response) => {
      response.send(200, {}, 'once')
      response.send(200, {}, 'twice')
    }
    const one = await peer()
    one.say(GET)
    await one.hears(/once$/)
    await turns()
    assert.match(String(here.errors[0]), /already/)
    assert.doesNotMatch(one.heard, /twice/)
  })

  test('sees path, query, authority and where the client is', async () => {
    here.handler = (request, response) => {
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
    here.handler = async (request, response) => {
      const body = await request.body.bytes(1_000_000)
      response.send(200, {}, body)
    }
    for (const { name, bytes, status, reason } of REFUSED_REQUESTS) {
      // A server speaks it; what comes after it here does not.
      if (name === 'the HTTP/2 preface') continue
      here.rejected = []
      const heard = await answers(bytes + GET)
      assert.match(heard, new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*Connection: close`), name)
      assert.equal(heard.match(/^HTTP\/1\.1 \d{3} /gm)?.length, 1, `${name}: nothing after it is served`)
      assert.deepEqual(here.rejected, [reason], name)
    }
  })

  test('after good ones lets these be answered first', async () => {
    assert.match(await answers(`${GET}GET / HTTP/1.1\r\n\r\n`), /200 OK[\s\S]*hello[\s\S]*400 Bad Request/)
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
    assert.equal(here.server.connections, 0)
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
