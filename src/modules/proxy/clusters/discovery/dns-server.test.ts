// A proxy whose upstream is found by a DNS server, with requests that tell where it leads.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type DnsRecord, DnsServer } from '../../../../../test/fakes/dns.ts'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { ask } from '../../echo-fake.ts'
import { decodedProxy, type StartedProxy, startConfigured } from '../../proxy-fake.ts'

const skip = process.platform === 'linux' ? false : 'Linux alone has all of 127.0.0.0/8'
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some(one => one?.address === '::1')

let dns: DnsServer
let clock: FakeClock
const servers: Server[] = []
const proxies: StartedProxy[] = []

beforeEach(async () => {
  dns = await DnsServer.start()
  clock = new FakeClock()
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy[Symbol.asyncDispose]()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await dns.close()
  assert.deepEqual(dns.mistakes, [])
})

/** A server at this address that answers with it. */
async function place(address: string, port = 0): Promise<number> {
  const server = createServer((_request, response) => response.end(address)).listen(port, address)
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Servers at these addresses with one port. */
async function places(...addresses: string[]): Promise<number> {
  for (;;) {
    const port = await place(addresses[0]!)
    try {
      for (const address of addresses.slice(1)) await place(address, port)
      return port
    } catch {
      // Somebody else has it at another address.
    }
  }
}

async function found(discovery: object, upstream: object = {}) {
  const proxy = await startConfigured(
    decodedProxy({
      listeners: [{ name: 'front', listen: '127.0.0.1:0', upstream: 'shop' }],
      upstreams: { shop: { discovery, balancing: 'round_robin', ...upstream } },
    }),
    clock,
  )
  proxies.push(proxy)
  const told = (result: string) =>
    proxy.host.metric('cluster_discoveries_total', { cluster: 'shop', result }) ?? 0
  /** So many answers of the DNS server have been taken in. */
  const answered = async (count: number) => {
    while (told('found') + told('failed') < count) await clock.elapse(0)
  }
  /** However often it is asked until then. */
  const foundAgain = async () => {
    const before = told('found')
    while (told('found') === before) await clock.elapse(500)
  }
  const get = async () => {
    const { status, body, headers } = await ask(proxy.port, 'GET http://shop/')
    return status === 200 ? body : headers.get('outrigger-error')
  }
  return { proxy, told, answered, foundAgain, get }
}

const a = (address: string, ttl = 12): DnsRecord => ({ type: 'A', ttl, address })
const srv = (target: string, port: number, priority: number, weight: number): DnsRecord => ({
  ...{ type: 'SRV', ttl: 30, target, port, priority, weight },
})

describe('the addresses of a name', { skip }, () => {
  const byName = (port: number) => ({ dns: { name: 'shop.test', port, servers: [dns.address] } })

  for (const [ttl, holdsMs] of [
    [12, 12_000],
    [1, 5_000],
    [0, 5_000],
    [3600, 30_000],
  ] as const)
    test(`with a TTL of ${ttl} s hold for ${holdsMs / 1000} s, and then the new ones do`, async () => {
      const port = await places('127.0.0.1', '127.0.0.2')
      dns.names.set('shop.test', [a('127.0.0.1', ttl)])
      const { answered, get } = await found(byName(port))
      assert.equal(await get(), '127.0.0.1')
      dns.names.set('shop.test', [a('127.0.0.2', ttl)])
      // Up to a tenth sooner, so that sidecars spread out.
      await clock.elapse(holdsMs * 0.9 - 1)
      assert.deepEqual(dns.asked.toSorted(), ['A shop.test', 'AAAA shop.test'])
      assert.equal(await get(), '127.0.0.1')
      await clock.elapse(holdsMs * 0.1 + 1)
      await answered(2)
      assert.deepEqual([await get(), await get()], ['127.0.0.2', '127.0.0.2'])
    })

  test('are all used in turn, of both families', { skip: hasIpv6 ? false : 'no ::1' }, async () => {
    const port = await places('127.0.0.1', '127.0.0.2', '::1')
    dns.names.set('shop.test', [a('127.0.0.1'), a('127.0.0.2'), { type: 'AAAA', ttl: 12, address: '::1' }])
    const { get } = await found(byName(port))
    const got = [await get(), await get(), await get(), await get(), await get(), await get()]
    assert.deepEqual(got.toSorted(), ['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2', '::1', '::1'])
  })

  for (const [what, answer, reason] of [
    ['does not exist any more', undefined, 'it does not exist in DNS'],
    ['has no address any more', [], 'it does not exist in DNS'],
    ['cannot be found out', 'SERVFAIL', 'no DNS answer (ESERVFAIL)'],
    ['is not for us to know', 'REFUSED', 'no DNS answer (EREFUSED)'],
  ] as const)
    test(`stay in use when the name ${what}, and it is asked for more and more seldom, at least every 30 s`, async () => {
      const port = await places('127.0.0.1', '127.0.0.2')
      dns.names.set('shop.test', [a('127.0.0.1')])
      const { proxy, told, answered, foundAgain, get } = await found(byName(port))
      assert.equal(await get(), '127.0.0.1')
      if (answer === undefined) dns.names.delete('shop.test')
      else dns.names.set('shop.test', answer)
      await clock.elapse(12_000)
      await answered(2)
      const waits: number[] = []
      for (let waitedMs = 0; waits.length < 9; waitedMs += 100) {
        const before = dns.asked.length
        await clock.elapse(100)
        // Whether a question is on its way is known when its timer has gone off.
        await answered(waits.length + 2)
        if (dns.asked.length === before && told('failed') === waits.length + 1) continue
        await answered(waits.length + 3)
        waits.push(waitedMs)
        waitedMs = 0
      }
      assert.equal(told('found'), 1)
      // 0.5 s, 1, 2, 4 … up to 30, each up to a tenth less; what is seen of it may come a little late.
      assert.ok(waits[3]! >= 3000, `${waits}`)
      assert.ok(waits.at(-1)! >= 26_000 && waits.every(ms => ms <= 31_000), `${waits}`)
      assert.equal(await get(), '127.0.0.1')
      assert.deepEqual(Object.values(proxy.running.health().parts ?? {}), [
        {
          ready: true,
          state: 'degraded',
          message: `DNS name shop.test: ${reason}; the last endpoints stay in use`,
        },
      ])
      dns.names.set('shop.test', [a('127.0.0.2')])
      await foundAgain()
      assert.equal(await get(), '127.0.0.2')
      assert.equal(proxy.host.log.of('discovery_recovered').length, 1)
    })

  test('stay in use while the DNS server is away', async () => {
    const port = await places('127.0.0.1', '127.0.0.2')
    dns.names.set('shop.test', [a('127.0.0.1')])
    const { told, answered, foundAgain, get } = await found(byName(port))
    assert.equal(await get(), '127.0.0.1')
    await dns.close()
    await clock.elapse(12_000)
    await answered(2)
    assert.equal(told('found'), 1)
    assert.equal(await get(), '127.0.0.1')
    dns.names.set('shop.test', [a('127.0.0.2')])
    await dns.open()
    await foundAgain()
    assert.equal(await get(), '127.0.0.2')
  })

  test('are looked up when they are first asked for, and no more once nobody asks', async () => {
    dns.names.set('shop.test', [a('127.0.0.1')])
    const { get } = await found(byName(await place('127.0.0.1')))
    const minutes = async (count: number) => {
      for (let half = 0; half < 2 * count; half++) await clock.elapse(30_000)
    }
    await minutes(5)
    assert.deepEqual(dns.asked, [])
    assert.equal(await get(), '127.0.0.1')
    await minutes(5)
    assert.ok(dns.asked.length > 2, 'asked again and again while it is in use')
    await minutes(15)
    const asked = dns.asked.length
    await minutes(15)
    assert.equal(dns.asked.length, asked)
    assert.equal(await get(), '127.0.0.1')
    assert.equal(dns.asked.length, asked + 2)
  })

  test('are waited for by the first requests; where there is no answer at all these are told', async () => {
    dns.names.set('shop.test', 'silence')
    const { told, get } = await found(byName(80))
    assert.deepEqual(await Promise.all([get(), get()]), ['no_healthy_upstream', 'no_healthy_upstream'])
    assert.equal(told('failed'), 1)
  })
})

describe('SRV records', { skip }, () => {
  const bySrv = () => ({ dnsSrv: { name: '_http._tcp.shop.test', servers: [dns.address] } })

  test('of the best priority share by weight, at the ports that they name', async () => {
    const [one, two, three] = [await place('127.0.0.1'), await place('127.0.0.2'), await place('127.0.0.3')]
    dns.names.set('_http._tcp.shop.test', [
      srv('a.test', one, 1, 30),
      srv('b.test', two, 1, 10),
      srv('c.test', three, 2, 100),
    ])
    dns.names.set('a.test', [a('127.0.0.1')])
    dns.names.set('b.test', [a('127.0.0.2')])
    dns.names.set('c.test', [a('127.0.0.3')])
    const { get } = await found(bySrv())
    const got: (string | undefined)[] = []
    for (let round = 0; round < 40; round++) got.push(await get())
    const count = (address: string) => got.filter(each => each === address).length
    assert.deepEqual([count('127.0.0.1'), count('127.0.0.2'), count('127.0.0.3')], [30, 10, 0])
  })

  test('whose target does not exist leave the others; where none does, the next priority comes', async () => {
    const [one, two, three] = [await place('127.0.0.1'), await place('127.0.0.2'), await place('127.0.0.3')]
    dns.names.set('_http._tcp.shop.test', [
      srv('a.test', one, 1, 1),
      srv('b.test', two, 1, 1),
      srv('c.test', three, 2, 1),
    ])
    dns.names.set('b.test', [a('127.0.0.2')])
    dns.names.set('c.test', [a('127.0.0.3')])
    const { answered, get } = await found(bySrv())
    assert.deepEqual([await get(), await get()], ['127.0.0.2', '127.0.0.2'])
    dns.names.delete('b.test')
    // The TTL of the addresses, for it is shorter than `refresh`.
    await clock.elapse(12_000)
    await answered(2)
    assert.deepEqual([await get(), await get()], ['127.0.0.3', '127.0.0.3'])
  })

  test('that say that there is no such service are no endpoints', async () => {
    dns.names.set('_http._tcp.shop.test', [srv('', 0, 0, 0)])
    const { get } = await found(bySrv())
    assert.equal(await get(), 'no_healthy_upstream')
  })
})
