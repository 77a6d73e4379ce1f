import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawPeer } from '../../http/raw-peer-fake.ts'
import { backendsEachTest, startProxy } from './proxy-fake.ts'

const backend = backendsEachTest()
const GET = 'GET /a?b=1 HTTP/1.1\r\nHost: shop.test\r\nX-Mine: 1\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\nhi'

describe('the module', () => {
  test('takes new settings over without a dropped connection', async () => {
    const [one, other] = [await backend(), await backend()]
    await using proxy = await startProxy([one.address])
    const client = await proxy.client()
    client.say(GET)
    const first = await one.next()
    assert.equal(await proxy.running.update!(proxy.configured({}, [other.address])), true)
    await first.hears(/\r\n\r\n/)
    first.say(OK)
    await client.hears(/hi$/)
    client.forget()
    client.say(GET)
    const second = await other.next()
    await second.hears(/\r\n\r\n/)
    second.say(OK)
    await client.hears(/hi$/)
  })

  test('lets go of a listener that is configured no more: the answer under way arrives, as the last of its connection', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    assert.equal(await proxy.running.update!(proxy.configured({ name: 'other' })), true)
    await assert.rejects(proxy.client(), { code: 'ECONNREFUSED' })
    const { port } = proxy.host.log.of('listening')[1]!.fields['address'] as { port: number }
    const another = await RawPeer.connect(port)
    another.say(GET)
    const second = await back.next()
    await second.hears(/\r\n\r\n/)
    second.say(OK)
    await another.hears(/hi$/)
    another.socket.destroy()
    peer.say(OK)
    assert.match(await client.hears(/hi$/), /\r\nConnection: close\r\n/)
  })

  test('drains: a kept connection on which a request is on its way is told with the answer that it ends', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.forget()
    peer.say(OK)
    await client.hears(/hi$/)
    client.forget()
    const over = new AbortController()
    const drained = proxy.running.drain!({ remainingMs: () => 1000, signal: over.signal }, 'ending')
    client.say(GET)
    await peer.hears(/\r\n\r\n/)
    peer.say(OK)
    assert.match(await client.hears(/hi$/), /\r\nConnection: close\r\n/)
    client.socket.end()
    await drained
  })

  test('drains: the answer under way arrives, and says that the connection ends', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    const over = new AbortController()
    const drained = proxy.running.drain!({ remainingMs: () => 1000, signal: over.signal }, 'ending')
    peer.say(OK)
    assert.match(await client.hears(/hi$/), /\r\nConnection: close\r\n/)
    client.socket.end()
    await drained
  })
})
