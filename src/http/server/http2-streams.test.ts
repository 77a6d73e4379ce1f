import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { afterEach, describe, test } from 'node:test'
import { HeaderList } from '../../wire/http1/headers.ts'
import { servedEachTest } from './served-fake.ts'

const sessions: http2.ClientHttp2Session[] = []

afterEach(() => {
  for (const one of sessions.splice(0)) one.destroy()
})
const here = servedEachTest()

function session(): http2.ClientHttp2Session {
  const one = http2.connect(`http://127.0.0.1:${here.port}`)
  one.on('error', () => {})
  sessions.push(one)
  return one
}

interface Answer {
  readonly status: number
  readonly headers: http2.IncomingHttpHeaders
  readonly text: string
  readonly trailers: http2.IncomingHttpHeaders
}

async function answer(stream: http2.ClientHttp2Stream): Promise<Answer> {
  let trailers: http2.IncomingHttpHeaders = {}
  stream.on('trailers', got => {
    trailers = got
  })
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return { status: Number(headers[':status']), headers, text: Buffer.concat(chunks).toString(), trailers }
}

describe('a server asked over HTTP/2 by node:http2', () => {
  test('answers many streams on one connection', async () => {
    here.handler = async (request, response) => {
      const body = await request.body.bytes(1000)
      response.send(200, { 'X-Path': request.path }, `${request.method} ${request.authority} ${body}`)
    }
    const one = session()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => {
        const stream = one.request({ ':method': 'POST', ':path': `/${at}?q=1` })
        stream.end(`body ${at}`)
        return answer(stream)
      }),
    )
    answers.forEach(({ status, headers, text }, at) => {
      assert.deepEqual(
        [status, headers['x-path'], text],
        [200, `/${at}`, `POST 127.0.0.1:${here.port} body ${at}`],
      )
    })
    assert.equal(here.server.connections, 1)
  })

  test('streams both ways at once, far beyond every window', async () => {
    here.handler = async (request, response) => {
      const body = response.start(200)
      for await (const chunk of request.body) await body.write(chunk)
      body.end({ 'X-Sum': 'done' })
    }
    const sent = Buffer.alloc(6_000_000, 'abcdefghijklmnopqrstuvwxyz0123456789')
    const stream = session().request({ ':method': 'POST', ':path': '/' })
    stream.end(sent)
    const { text, trailers } = await answer(stream)
    assert.ok(Buffer.from(text).equals(sent))
    assert.equal(trailers['x-sum'], 'done')
  })

  test('a large body that is sent whole goes out as the windows allow', async () => {
    const sent = Buffer.alloc(5_000_000, 'x')
    here.handler = (_request, response) => response.send(200, {}, sent)
    const { text, headers } = await answer(session().request({ ':path': '/' }))
    assert.equal(text.length, sent.length)
    assert.equal(headers['content-length'], '5000000')
  })

  test('a reader that waits holds the sender back, and other streams go on', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    here.handler = async (request, response) => {
      if (request.path === '/slow') await gate
      response.send(200, {}, String((await request.body.bytes(1e8)).length))
    }
    const one = session()
    const slow = one.request({ ':method': 'POST', ':path': '/slow' })
    slow.end(Buffer.alloc(3_000_000))
    const quick = one.request({ ':method': 'POST', ':path': '/quick' })
    quick.end(Buffer.alloc(2_000_000))
    assert.equal((await answer(quick)).text, '2000000')
    assert.ok(slow.writableLength > 0 || !slow.writableFinished)
    open()
    assert.equal((await answer(slow)).text, '3000000')
  })

  test('HEAD, 204 and interim responses have no body', async () => {
    here.handler = (request, response) => {
      response.inform(103, { Link: '</a.css>' })
      if (request.path === '/none') response.send(204)
      else response.send(200, {}, 'hello')
    }
    const one = session()
    const head = one.request({ ':method': 'HEAD', ':path': '/' })
    const early = once(head, 'headers') as Promise<http2.IncomingHttpHeaders[]>
    const { headers, text } = await answer(head)
    assert.deepEqual([headers['content-length'], text], ['5', ''])
    assert.equal((await early)[0]![':status'], 103)
    assert.deepEqual((await answer(one.request({ ':path': '/none' }))).text, '')
  })

  test('a handler that throws answers 500, one that breaks off resets its stream alone', async () => {
    here.handler = (request, response) => {
      if (request.path === '/throw') throw new Error('no')
      if (request.path === '/break') response.start(200).abort()
      else response.send(200, {}, 'fine')
    }
    const one = session()
    assert.equal((await answer(one.request({ ':path': '/throw' }))).status, 500)
    assert.equal(here.errors.length, 1)
    const broken = one.request({ ':path': '/break' })
    const [error] = await once(broken, 'error')
    assert.match(error.message, /INTERNAL_ERROR/)
    assert.equal((await answer(one.request({ ':path': '/' }))).text, 'fine')
  })

  test('a client that resets its stream aborts the handler', async () => {
    const aborted = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    here.handler = (_request, response) => {
      response.signal.addEventListener('abort', () => aborted.resolve())
      begun.resolve()
      return aborted.promise
    }
    const stream = session().request({ ':path': '/' })
    stream.on('error', () => {})
    await begun.promise
    stream.close(http2.constants.NGHTTP2_CANCEL)
    await aborted.promise
  })

  test('an extended CONNECT is a tunnel for a handler that serves it', async () => {
    await here.start({ servesWebSockets: true })
    here.handler = (request, response) => {
      assert.deepEqual([request.method, request.head.upgrade], ['GET', true])
      const { stream: tunnel } = response.agree(new HeaderList(), 'websocket')
      tunnel.on('data', chunk => tunnel.write(`${request.path}:${chunk}`))
      tunnel.on('end', () => tunnel.end())
    }
    const one = session()
    await once(one, 'remoteSettings')
    const stream = one.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'http',
        ':path': '/ws',
        ':authority': 'a',
      },
      { endStream: false },
    )
    await once(stream, 'response')
    stream.write('ping')
    const [chunk] = await once(stream, 'data')
    assert.equal(String(chunk), '/ws:ping')
    stream.end()
    await once(stream, 'close')
  })

  test('draining lets the streams under way end, and takes no more', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    here.handler = async (_request, response) => {
      begun.resolve()
      await gate
      response.send(200, {}, 'late')
    }
    const one = session()
    const stream = one.request({ ':path': '/' })
    await begun.promise
    const drained = here.server.drain({ signal: new AbortController().signal })
    await once(one, 'goaway')
    open()
    assert.equal((await answer(stream)).text, 'late')
    await drained
  })
})
