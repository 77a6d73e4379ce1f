import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { turns } from '../raw-peer-fake.ts'
import { GET, post, servedEachTest } from './served-fake.ts'

const here = servedEachTest()
const { peer, answers } = here

describe('a request body', () => {
  test('is read by bytes', async () => {
    here.handler = async (request, response) => response.send(200, {}, await request.body.bytes(5))
    const one = await peer()
    one.say(post('Content-Length: 5', 'ab'))
    await turns()
    one.say('cde')
    await one.hears(/\r\n\r\nabcde$/)
  })

  test('is read by for await, with its trailers', async () => {
    here.handler = async (request, response) => {
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
    here.handler = async (request, response) => {
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
      here.handler = async (request, response) => response.send(200, {}, await request.body.bytes(10))
      assert.match(await answers(post(lines, body)), /^HTTP\/1\.1 413 [\s\S]*Connection: close/)
      assert.deepEqual(here.errors, [])
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
    here.handler = async (request, response) => response.send(200, {}, await request.body.bytes(100))
    assert.match(await answers(post('Transfer-Encoding: chunked', '0x3\r\nabc\r\n')), /^HTTP\/1\.1 400 /)
    assert.deepEqual(here.rejected, ['bad_chunk_size'])
    assert.deepEqual(here.errors, [])
  })

  test('that the client cuts short is answered with 400', async () => {
    here.handler = async (request, response) => response.send(200, {}, await request.body.bytes(100))
    const one = await peer()
    one.socket.end(post('Content-Length: 5', 'abc'))
    assert.match(await one.end(), /^HTTP\/1\.1 400 [\s\S]*before the body was complete/)
  })
})

describe('Expect: 100-continue', () => {
  const lines = 'Content-Length: 3\r\nExpect: 100-continue'

  test('is granted when the handler reads', async () => {
    here.handler = async (request, response) => response.send(200, {}, await request.body.bytes(10))
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
    here.handler = async (request, response) => response.send(200, {}, await request.body.bytes(2))
    assert.match(await answers(post(lines)), /^HTTP\/1\.1 413 /)
  })

  test('is granted before a response that streams', async () => {
    here.handler = async (request, response) => {
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
    here.handler = async (request, response) => {
      await turns(3)
      response.send(200, {}, await request.body.bytes(10))
    }
    const one = await peer()
    one.say(post(lines, 'abc'))
    assert.doesNotMatch(await one.hears(/abc$/), /100 Continue/)
  })
})
