import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { freePort } from '../../../../test/fakes/free-port.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import type { Refusal } from '../refusal.ts'
import { request } from '../request-fake.ts'
import { limitsConfig } from './config.ts'
import { createLimiter } from './create.ts'
import { checkShared, sharedLimitsConfig } from './shared-config.ts'
import { SharedCounts } from './shared-counts.ts'

const hasRedis = spawnSync('redis-server', ['--version']).status === 0
const withRedis = { skip: hasRedis ? false : 'the redis-server program is not installed', timeout: 30_000 }

async function startRedis(port: number): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const redis = spawn('redis-server', [...args, '--requirepass', 'open sesame'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const text of redis.stdout!) {
    said += text
    if (said.includes('Ready to accept')) break
  }
  redis.stdout!.on('error', () => {})
  return redis
}

function limits(...list: object[]) {
  const decoded = limitsConfig.decode(list)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

function shared(options: object) {
  const decoded = sharedLimitsConfig.decode(options)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value!
}

/** A sidecar of its own, with the limits counted at this place. */
async function sidecar(url: string, options: object, ...list: object[]) {
  const host = fakeHost({ clock: systemClock() })
  const counts = new SharedCounts(host)
  host.scope.use(counts)
  await counts.use(shared({ url, timeout: '10s', ...options }))
  const limiter = createLimiter(limits(...list), { ...host, shared: counts })
  const ask = async (of: Parameters<typeof request>[0] = {}): Promise<Refusal | undefined> =>
    limiter.decide(request(of), '')
  const event = async (name: string) => {
    while (host.log.of(name).length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  }
  const change = (next: object) => counts.use(shared({ url, timeout: '10s', ...next }))
  return { host, ask, limiter, event, change, [Symbol.asyncDispose]: () => host.close() }
}

describe('limits that are counted in Redis', withRedis, () => {
  let redis: ChildProcess | undefined
  let port = 0
  const url = () => `redis://:open%20sesame@127.0.0.1:${port}/1`

  before(async () => {
    if (!hasRedis) return
    port = await freePort()
    redis = await startRedis(port)
  })
  after(async () => {
    if (redis === undefined) return
    redis.kill('SIGKILL')
    await once(redis, 'exit')
  })

  test('are one for all sidecars, whoever asks', async () => {
    const limit = { name: 'all', rate: '5/h', shared: true }
    await using one = await sidecar(url(), { prefix: 'a' }, limit)
    await using other = await sidecar(url(), { prefix: 'a' }, limit)
    await Promise.all([one.event('limits_shared'), other.event('limits_shared')])
    const asked = await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 ? one : other).ask()))
    assert.equal(asked.filter(refused => refused === undefined).length, 5)
    const { code, headers } = asked.find(refused => refused !== undefined)!
    assert.equal(code, 'rate_limited')
    assert.match(
      headers.join(' '),
      /^Retry-After 7\d\d RateLimit-Limit 5 RateLimit-Remaining 0 RateLimit-Reset 3[56]\d\d/,
    )
    assert.equal(one.host.metric('limit_shared_answers_total', { result: 'answered' }), 10)
  })

  test('are told apart by caller and by prefix, and one that is refused is counted by none', async () => {
    const perKey = { name: 'key', rate: '1/h', per: 'header', header: 'x-key', shared: true }
    const all = { name: 'all', rate: '3/h', shared: true }
    await using one = await sidecar(url(), { prefix: 'b' }, perKey, all)
    await using elsewhere = await sidecar(url(), { prefix: 'c' }, perKey, all)
    await Promise.all([one.event('limits_shared'), elsewhere.event('limits_shared')])
    const of = (key: string) => ({ headers: { 'X-Key': key } })
    const told: (string | undefined)[] = []
    for (const key of ['u', 'u', 'ü', 'u', 'ö', 'ä']) told.push((await one.ask(of(key)))?.detail)
    const [byKey, byAll] = ['limit "key" allows 1/h', 'limit "all" allows 3/h']
    assert.deepEqual(told, [undefined, byKey, undefined, byKey, undefined, byAll])
    assert.equal(await elsewhere.ask(of('u')), undefined)
  })

  test('go on being counted while another connection takes the place of the first', async () => {
    await using one = await sidecar(
      url(),
      { prefix: 'f', whenAway: 'refuse' },
      { name: 'all', rate: '1000/h', shared: true },
    )
    await one.event('limits_shared')
    for (const changes of [{ prefix: 'g' }, { timeout: '200ms' }, { timeout: '300ms' }]) {
      await one.change({ prefix: 'f', whenAway: 'refuse', ...changes })
      for (let round = 0; round < 5; round++) assert.equal(await one.ask(), undefined)
    }
    assert.equal(one.host.metric('limit_shared_answers_total', { result: 'answered' }), 15)
  })

  test('that are not enforced only count', async () => {
    const limit = { name: 'watch', rate: '1/h', shared: true, enforce: false }
    await using one = await sidecar(url(), { prefix: 'd' }, limit)
    await one.event('limits_shared')
    assert.deepEqual([await one.ask(), await one.ask()], [undefined, undefined])
    assert.equal(one.host.metric('limit_refusals_total', { limit: 'watch' }), 1)
  })

  test('are counted again when Redis comes back', async () => {
    const limit = { name: 'all', rate: '1/h', shared: true }
    await using one = await sidecar(url(), { prefix: 'e', whenAway: 'pass' }, limit)
    await one.event('limits_shared')
    redis!.kill('SIGKILL')
    await once(redis!, 'exit')
    await one.event('limits_not_shared')
    assert.deepEqual([await one.ask(), await one.ask()], [undefined, undefined])
    redis = await startRedis(port)
    while (one.host.log.of('limits_shared').length < 2) await new Promise(resolve => setTimeout(resolve, 20))
    assert.deepEqual([(await one.ask())?.code, (await one.ask())?.code], [undefined, 'rate_limited'])
  })
})

describe('while Redis is away', () => {
  const limit = { name: 'all', rate: '2/h', shared: true }

  for (const [whenAway, expected] of [
    ['local', [undefined, undefined, 'rate_limited']],
    ['pass', [undefined, undefined, undefined]],
    ['refuse', ['limits_unavailable', 'limits_unavailable', 'limits_unavailable']],
  ] as const)
    test(`${whenAway}: ${expected.map(code => code ?? 'passes').join(', ')}`, async () => {
      await using one = await sidecar(`redis://127.0.0.1:${await freePort()}`, { whenAway }, limit)
      const codes = [await one.ask(), await one.ask(), await one.ask()].map(refused => refused?.code)
      assert.deepEqual(codes, expected)
      assert.equal(one.host.metric('limit_shared_answers_total', { result: 'away' }), 3)
    })

  test('a server that hangs holds no request longer than the timeout', async () => {
    const server = createServer(socket => {
      let pinged = false
      socket.on('error', () => {})
      socket.on('data', () => {
        if (!pinged) socket.write('+PONG\r\n')
        pinged = true
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using one = await sidecar(
      `redis://127.0.0.1:${port}`,
      { timeout: '20ms', whenAway: 'refuse' },
      limit,
    )
    await one.event('limits_shared')
    assert.equal((await one.ask())?.code, 'limits_unavailable')
    assert.match(one.host.log.of('limits_not_shared')[0]!.message, /did not answer in time/)
    server.close()
  })
})

describe('the configuration of shared limits', () => {
  for (const [url, fits] of [
    ['redis://localhost', true],
    ['rediss://user:word@redis.example:6380/3', true],
    ['http://localhost', false],
    ['localhost:6379', false],
    ['redis://localhost/name', false],
  ] as const)
    test(`${url} is ${fits ? '' : 'no '}Redis`, () =>
      assert.equal(checkShared(shared({ url }), []).length, fits ? 0 : 1))

  test('a shared limit needs a Redis, and the problem stands at the limit', () => {
    const listeners = [{ limits: [{ shared: false }, { shared: true }] }]
    assert.deepEqual(checkShared(undefined, listeners)[0]!.path, ['listeners', 0, 'limits', 1, 'shared'])
    assert.deepEqual(checkShared(shared({ url: 'redis://a' }), listeners), [])
  })
})
