import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { test } from 'node:test'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { checkRequest } from '../../../authority/request-check.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { workloadId } from '../../../wire/spiffe/identity.ts'
import type { RequestSigner } from './authority-client.ts'
import { issuedCertificates } from './issued-certificates.ts'

const HOUR_MS = 3600_000
const identity = workloadId('example.org', 'shop', 'checkout')

/** An authority that can be away, and says when it has been asked. */
async function scene(random = 0.5) {
  const clock = new FakeClock(Date.now())
  const host = fakeHost({ name: 'proxy', clock })
  const ours: TestAuthority = await testAuthority('example.org', clock)
  const world = { away: false, asked: [] as number[], issuedFor: identity }
  const sign: RequestSigner = async csr => {
    world.asked.push(clock.monotonic())
    if (world.away) throw new Error('nobody answers')
    const { publicKey } = await checkRequest(csr, { identity, dnsNames: [] })
    const { chain } = await ours.authority.issue({
      publicKey,
      identity: world.issuedFor,
      lifetimeMs: 24 * HOUR_MS,
    })
    return { chain, trustBundle: ours.authority.trustBundle }
  }
  /** Keys are made by another thread: turns the loop until the request that is due has been answered and taken over. */
  const pass = async (ms: number): Promise<void> => {
    const endMs = clock.monotonic() + ms
    while (clock.monotonic() < endMs) {
      clock.advance(Math.min(endMs - clock.monotonic(), clock.nextMs ?? ms))
      while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve))
    }
  }
  return { clock, host, world, pass, options: { identity, sign, random: () => random } }
}

test('the first certificate has the identity, and a key of its own that nothing tells', async () => {
  const { host, options } = await scene()
  const source = await issuedCertificates(options, host)
  const { identity: uri, key, notAfterMs } = source.current()
  assert.equal(uri, identity.uri)
  assert.equal(createPrivateKey(key).asymmetricKeyType, 'ec')
  assert.ok(Math.abs(notAfterMs - host.clock.now() - 24 * HOUR_MS) <= 1000)
  assert.ok(!JSON.stringify(host.log.records).includes('PRIVATE KEY'))
  await host.close()
  assert.equal(host.clock.pending, 0)
})

test('it is renewed with a new key at 60 % of its life when chance says so, and listeners are told', async () => {
  const { host, options, pass, world } = await scene(0.5)
  const source = await issuedCertificates(options, host)
  const first = source.current()
  let changes = 0
  const stop = source.onChange(() => changes++)
  await pass(14 * HOUR_MS)
  assert.equal(source.current(), first)
  await pass(HOUR_MS)
  assert.equal(changes, 1)
  assert.notEqual(source.current().key, first.key)
  assert.equal(world.asked.length, 2)
  assert.deepEqual(source.health(), { ready: true, state: 'ok' })
  stop()
  await pass(15 * HOUR_MS)
  assert.equal(changes, 1)
  assert.equal(world.asked.length, 3)
  await host.close()
})

test('while the authority is away for hours it is asked seldom; the last certificate serves; back is back', async () => {
  const { host, options, pass, world } = await scene(0.5)
  const source = await issuedCertificates(options, host)
  const first = source.current()
  world.away = true
  await pass(20 * HOUR_MS)
  assert.equal(source.current(), first)
  assert.equal(source.health().state, 'degraded')
  assert.match(source.health().message ?? '', /cannot be renewed \(nobody answers\); it expires at/)
  // 5.6 hours of pauses of 3.75 minutes, and a few short ones before.
  const asked = world.asked.length
  assert.ok(asked > 80 && asked < 110, String(asked))
  assert.equal(host.metric('certificate_requests_total', { outcome: 'failed' }), asked - 1)
  await pass(5 * HOUR_MS)
  assert.deepEqual([source.health().ready, source.health().state], [false, 'failed'])
  world.away = false
  const before = world.asked.length
  await pass(5 * 60_000)
  assert.equal(world.asked.length, before + 1)
  assert.notEqual(source.current(), first)
  assert.deepEqual(source.health(), { ready: true, state: 'ok' })
  await host.close()
})

test('sidecars that lost the authority together come back spread', async () => {
  const times: number[] = []
  for (const random of [0, 0.25, 0.5, 0.75]) {
    const { host, options, pass, world } = await scene(random)
    await issuedCertificates(options, host)
    world.away = true
    await pass(20 * HOUR_MS)
    const before = world.asked.length
    await pass(5 * 60_000)
    times.push(world.asked[before]!)
    await host.close()
  }
  assert.equal(new Set(times).size, times.length)
})

test('at the start it waits for an authority that is away, and gives up when the host ends', async () => {
  const { host, options, pass, world } = await scene()
  world.away = true
  const starting = issuedCertificates(options, host)
  const ended = assert.rejects(starting, /the host closed/)
  while (world.asked.length < 1 || host.clock.pending === 0)
    await new Promise(resolve => setImmediate(resolve))
  await pass(10_000)
  assert.ok(world.asked.length > 2 && world.asked.length < 6, String(world.asked.length))
  await host.close()
  await ended
})

test('a certificate for somebody else is not taken', async () => {
  const { host, options, pass, world } = await scene()
  const source = await issuedCertificates(options, host)
  const first = source.current()
  world.issuedFor = workloadId('example.org', 'shop', 'admin')
  await pass(15 * HOUR_MS)
  assert.equal(source.current(), first)
  assert.match(source.health().message ?? '', /issued spiffe:.*admin instead of spiffe:.*checkout/)
  await host.close()
})

test('a wall clock that jumps ahead is noticed within a minute', async () => {
  const { clock, host, options, pass, world } = await scene()
  await issuedCertificates(options, host)
  clock.setWall(clock.now() + 20 * HOUR_MS)
  await pass(60_000)
  assert.equal(world.asked.length, 2)
  await host.close()
})
