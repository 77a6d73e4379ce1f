import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from 'node:tls'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { backendsEachTest, startProxy } from './proxy-fake.ts'

const backend = backendsEachTest()

const OUTBOUND = { upstream: undefined, outbound: {} }
const OK = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\nhi'

describe('an outbound listener', () => {
  test('sends a request to the upstream that is called like its host, as it came', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], { ...OUTBOUND, via: false })
    const client = await proxy.client()
    client.say('GET /a%2Fb//c HTTP/1.1\r\nHost: back\r\n\r\n')
    const peer = await back.next()
    assert.equal(await peer.hears(/\r\n\r\n/), 'GET /a%2Fb//c HTTP/1.1\r\nHost: back\r\n\r\n')
    peer.say(OK)
    assert.equal(await client.hears(/hi$/), OK)
  })

  test('finds out in pieces what is spoken, and loses none of them', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], OUTBOUND)
    const client = await proxy.client()
    for (const piece of ['G', 'ET / HT', 'TP/1.1\r', '\nHost: back\r\n', '\r\n']) {
      client.say(piece)
      await new Promise(resolve => setImmediate(resolve))
    }
    assert.match(await (await back.next()).hears(/\r\n\r\n/), /^GET \/ HTTP\/1.1\r\nHost: back\r\n/)
  })

  test('goes to where a host that is not configured names, and nowhere when that is refused', async () => {
    const back = await backend()
    const request = `GET / HTTP/1.1\r\nHost: ${back.address}\r\n\r\n`
    await using proxy = await startProxy(['127.0.0.1:9'], OUTBOUND)
    const client = await proxy.client()
    client.say(request)
    const peer = await back.next()
    peer.say(OK)
    await client.hears(/hi$/)
    await using strict = await startProxy(['127.0.0.1:9'], {
      upstream: undefined,
      outbound: { unknown: 'refuse' },
    })
    const other = await strict.client()
    other.say(request)
    assert.match(await other.hears(/\n$/), /^HTTP\/1.1 404 .*\r\noutrigger-error: route_not_found/)
  })

  test('passes TLS on by the name that its client asks for', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], OUTBOUND)
    const socket = connect({ host: '127.0.0.1', port: proxy.port, servername: 'back' })
    socket.on('error', () => {})
    const peer = await back.next()
    await peer.hears(({ heardBytes }) => heardBytes > 100)
    assert.equal(peer.heard.charCodeAt(0), 22)
    assert.match(peer.heard, /back/)
    socket.destroy()
  })

  test('refuses what does not tell where it was meant to go', async () => {
    await using proxy = await startProxy(['127.0.0.1:9'], OUTBOUND)
    const client = await proxy.client()
    client.say('*1\r\n$4\r\nPING\r\n')
    await client.end()
    assert.equal(proxy.host.log.of('route_not_found').length, 1)
  })
})

describe('an inbound listener', () => {
  test('passes what no rule has redirected to the upstream that is named for it, a server that speaks first too', async () => {
    const back = await backend()
    const clock = new FakeClock()
    await using proxy = await startProxy(
      [back.address],
      { upstream: undefined, inbound: { upstream: 'back' } },
      clock,
    )
    const client = await proxy.client()
    const taken = back.next()
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve))
    clock.advance(1_000)
    const peer = await taken
    peer.say('220 hello\r\n')
    await client.hears(/hello/)
    client.say('GET key\r\n')
    await peer.hears(/^GET key\r\n$/)
    const browser = await proxy.client()
    browser.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const second = await back.next()
    assert.match(await second.hears(/\r\n\r\n/), /X-Forwarded-For: 127.0.0.1/)
  })

  test('has no answer for what no rule has redirected', async () => {
    await using proxy = await startProxy(['127.0.0.1:9'], { upstream: undefined, inbound: {} })
    const client = await proxy.client()
    client.say('GET / HTTP/1.1\r\nHost: back\r\n\r\n')
    assert.match(await client.hears(/\n$/), /^HTTP\/1.1 404 /)
  })
})
