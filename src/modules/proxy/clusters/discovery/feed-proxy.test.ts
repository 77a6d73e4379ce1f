// A proxy whose upstream a controller feeds, with requests that tell where it leads.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { ask, type EchoBackend, echoBackend } from '../../echo-fake.ts'
import { decodedProxy, type StartedProxy, startConfigured } from '../../proxy-fake.ts'
import { FeedState, MAX_ENDPOINTS } from './feed-state.ts'

let clock: FakeClock
let server: Server
let port = 0
/** The version that is held, of each request that came, and what it is answered by. */
let asked: { held: string | undefined; say: (line: object | string) => void; response: ServerResponse }[]
let one: EchoBackend
let two: EchoBackend
const proxies: StartedProxy[] = []

async function open(): Promise<void> {
  server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders()
    const held = request.headers['outrigger-feed-version'] as string | undefined
    const say = (line: object | string) =>
      void response.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)
    asked.push({ held, say, response })
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
}

async function away(): Promise<void> {
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
}

beforeEach(async () => {
  clock = new FakeClock()
  asked = []
  port = 0
  one = await echoBackend('one')
  two = await echoBackend('two')
  await open()
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy[Symbol.asyncDispose]()
  one[Symbol.dispose]()
  two[Symbol.dispose]()
  await away()
})

async function fed(upstream: object = {}) {
  const feed = { url: `http://127.0.0.1:${port}/feeds/shop/checkout:80` }
  const proxy = await startConfigured(
    decodedProxy({
      listeners: [{ name: 'front', listen: '127.0.0.1:0', upstream: 'shop' }],
      upstreams: { shop: { discovery: { feed }, balancing: 'round_robin', ...upstream } },
    }),
    clock,
  )
  proxies.push(proxy)
  const told = (result: string) =>
    proxy.host.metric('cluster_discoveries_total', { cluster: 'shop', result }) ?? 0
  const until = async (result: string, count: number) => {
    while (told(result) < count) await clock.elapse(1)
  }
  /** The connection with this number, however long it takes to come. */
  const connection = async (number: number) => {
    while (asked.length < number) await clock.elapse(100)
    return asked[number - 1]!
  }
  const get = async () => (await ask(proxy.port, 'GET http://shop/')).body
  const both = async () => [await get(), await get()].sort()
  // An upstream is looked for when it is first asked for.
  const first = get()
  return { proxy, told, until, connection, first, get, both }
}

const at = ({ address }: EchoBackend, more: object = {}) => ({ address, ...more })

describe('a controller’s feed', () => {
  test('leads requests elsewhere with each line, and none fails', async () => {
    const { until, connection, first, both } = await fed()
    const { say } = await connection(1)
    say({ version: '1', endpoints: [at(one)] })
    assert.equal(await first, 'one', 'the first request waits for the first list')
    say({ version: '2', from: '1', set: [at(two)] })
    await until('found', 2)
    assert.deepEqual(await both(), ['one', 'two'])
    say({ version: '3', from: '2', remove: [one.address] })
    await until('found', 3)
    assert.deepEqual(await both(), ['two', 'two'])
    // Two slices of a service may name one endpoint, which is one all the same.
    say({ version: '4', from: '3', set: [at(one), at(two), at(one)] })
    await until('found', 4)
    assert.deepEqual(await both(), ['one', 'two'])
  })

  test('moves endpoints between zones, and takes their weight away', async () => {
    const { until, connection, get, both } = await fed({ preferZone: 'a' })
    const { say } = await connection(1)
    say({ version: '1', endpoints: [at(one, { zone: 'a' }), at(two, { zone: 'b' })] })
    await until('found', 1)
    assert.deepEqual([await get(), await get(), await get()], ['one', 'one', 'one'])
    say({ version: '2', from: '1', set: [at(one, { zone: 'b' }), at(two, { zone: 'a' })] })
    await until('found', 2)
    assert.deepEqual([await get(), await get(), await get()], ['two', 'two', 'two'])
    say({ version: '3', from: '2', set: [at(two, { zone: 'a', weight: 0 })] })
    await until('found', 3)
    assert.deepEqual(await both(), ['one', 'one'])
  })

  test('may be away: what it said last stays in use, and it goes on from there', async () => {
    const { proxy, told, until, connection, get } = await fed()
    const { say } = await connection(1)
    say({ version: '1', endpoints: [at(one)] })
    await until('found', 1)
    await away()
    await until('failed', 1)
    for (let round = 0; round < 60; round++) {
      await clock.elapse(10_000)
      assert.equal(await get(), 'one')
    }
    // Half a minute lies between tries in the end: not more often than that, and not for ever.
    const failed = told('failed')
    assert.ok(failed > 10 && failed < 200, `${failed}`)
    await open()
    const next = await connection(2)
    assert.equal(next.held, '1')
    next.say({ version: '2', from: '1', set: [at(two)], remove: [one.address] })
    await until('found', 2)
    assert.equal(await get(), 'two')
    assert.equal(proxy.host.log.of('discovery_recovered').length, 1)
  })

  for (const [what, bad] of [
    ['is no JSON', 'hello\n'],
    ['is a change of another version', '{"version":"3","from":"2","set":[]}\n'],
    ['has a mistake in it', '{"version":"2","endpoints":[{"address":"nowhere"}]}\n'],
    ['does not end', `{"version":"2","x":"${'x'.repeat(5 * 1024 * 1024)}`],
  ] as const)
    test(`with a line that ${what} is asked for the whole list; the last one stays`, async () => {
      const { until, connection, get } = await fed()
      const { say } = await connection(1)
      say({ version: '1', endpoints: [at(one)] })
      await until('found', 1)
      say(bad)
      await until('failed', 1)
      assert.equal(await get(), 'one')
      const next = await connection(2)
      assert.equal(next.held, undefined)
      next.say({ version: '9', endpoints: [at(two)] })
      await until('found', 2)
      assert.equal(await get(), 'two')
    })

  test('that falls silent is given up and asked anew', async () => {
    const { until, connection, get } = await fed()
    const { say } = await connection(1)
    say({ version: '1', endpoints: [at(one)] })
    await until('found', 1)
    await clock.elapse(46_000)
    await until('failed', 1)
    assert.equal((await connection(2)).held, '1')
    assert.equal(await get(), 'one')
  })

  test('that says that there are none is taken at its word', async () => {
    const { proxy, until, connection } = await fed()
    const { say } = await connection(1)
    say({ version: '1', endpoints: [at(one)] })
    say({ version: '2', endpoints: [] })
    await until('found', 2)
    const answer = await ask(proxy.port, 'GET http://shop/')
    assert.deepEqual([answer.status, answer.headers.get('outrigger-error')], [503, 'no_healthy_upstream'])
  })

  test('that grows without end is broken off', () => {
    const state = new FeedState()
    state.apply('{"version":"0","endpoints":[]}')
    const each = 20_000
    const change = (number: number) => {
      const set = Array.from({ length: each }, (_, place) => ({
        address: `10.${number}.${place >> 8}.${place & 255}:80`,
      }))
      return state.apply(JSON.stringify({ version: String(number + 1), from: String(number), set }))
    }
    for (let number = 0; number < MAX_ENDPOINTS / each; number++) assert.equal(change(number).kind, 'list')
    assert.deepEqual(change(MAX_ENDPOINTS / each), {
      kind: 'broken',
      reason: `there are more than ${MAX_ENDPOINTS} endpoints`,
    })
    assert.equal(state.version, undefined)
  })
})
