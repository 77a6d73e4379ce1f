import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RawPeer, turns } from '../raw-peer-fake.ts'
import { GET, post, servedEachTest } from './served-fake.ts'

const here = servedEachTest()
const { start, peer } = here

describe('time', () => {
  const ask = async (text: string): Promise<RawPeer> => {
    const one = await peer()
    one.say(text)
    await turns()
    return one
  }

  test('a head that does not come within 10 s is answered with 408', async () => {
    const one = await ask('GET / HTTP/1.1\r\nHost')
    here.clock.advance(9_900)
    await turns()
    assert.equal(one.heard, '')
    here.clock.advance(700)
    assert.match(await one.end(), /^HTTP\/1\.1 408 [\s\S]*Connection: close/)
  })

  test('a head that comes byte by byte has the same 10 s', async () => {
    const one = await ask('GET / HTTP/1.1\r\nHost: ')
    for (let second = 0; second < 10; second++) {
      here.clock.advance(1_000)
      one.say('a')
      await turns(5)
    }
    here.clock.advance(600)
    assert.match(await one.end(), /^HTTP\/1\.1 408 /)
  })

  test('a connection on which nothing comes is closed without a word', async () => {
    const one = await ask('')
    here.clock.advance(10_600)
    assert.equal(await one.end(), '')
  })

  test('an idle connection is closed after a minute', async () => {
    const one = await ask(GET)
    await one.hears(/hello$/)
    here.clock.advance(59_000)
    await turns()
    assert.equal(one.ended, false)
    here.clock.advance(1_600)
    assert.match(await one.end(), /hello$/)
  })

  test('a handler may take as long as it likes', async () => {
    let answer = (): void => {}
    here.handler = (_request, response) => {
      answer = () => response.send(200, {}, 'late')
    }
    const one = await ask(GET)
    here.clock.advance(3_600_000)
    await turns()
    answer()
    await one.hears(/late$/)
  })

  test('a body that stalls for 30 s while it is read is answered with 408', async () => {
    here.handler = async (request, response) => response.send(200, {}, await request.body.bytes(10))
    const one = await ask(post('Content-Length: 3', 'a'))
    here.clock.advance(29_000)
    one.say('b')
    await turns()
    here.clock.advance(29_000)
    await turns()
    assert.equal(one.heard, '')
    here.clock.advance(1_600)
    assert.match(await one.end(), /^HTTP\/1\.1 408 [\s\S]*Connection: close/)
  })

  test('a client that takes nothing of the answer for a minute is dropped', async () => {
    here.handler = async (_request, response) => {
      const body = response.start(200)
      for (;;) await body.write(Buffer.alloc(64 * 1024))
    }
    const one = await peer()
    one.socket.pause()
    one.say(GET)
    await turns(100)
    assert.equal(here.server.connections, 1)
    here.clock.advance(60_600)
    await turns()
    assert.equal(here.server.connections, 0)
  })

  test('a client that does not close after the last answer is dropped', async () => {
    const one = await ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await one.end()
    assert.equal(here.server.connections, 1)
    here.clock.advance(2_600)
    await turns()
    assert.equal(here.server.connections, 0)
  })
})

describe('the end', () => {
  const never = { signal: new AbortController().signal }

  test('drain closes idle connections at once', async () => {
    const one = await peer()
    one.say(GET)
    await one.hears(/hello$/)
    const drained = here.server.drain(never)
    await one.end()
    one.socket.end()
    await drained
    assert.equal(here.server.connections, 0)
  })

  test('drain lets a request be answered, and says that the connection closes', async () => {
    let answer = (): void => {}
    here.handler = (_request, response) => {
      answer = () => response.send(200, {}, 'last')
    }
    const one = await peer()
    one.say(GET)
    await turns()
    const drained = here.server.drain(never)
    answer()
    assert.match(await one.end(), /Connection: close\r\n\r\nlast$/)
    one.socket.end()
    await drained
  })

  test('drain breaks what is left at its deadline', async () => {
    here.handler = () => {}
    const one = await peer()
    one.say(GET)
    await turns()
    const deadline = new AbortController()
    const drained = here.server.drain({ signal: deadline.signal })
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
    assert.equal(here.server.connections, 1)
  })
})
