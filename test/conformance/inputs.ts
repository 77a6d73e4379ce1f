import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { deadlineIn } from '../../src/kernel/lifecycle/deadline.ts'
import { type Bed, bedOf, heard, until } from '../../src/modules/logs/inputs/network/bed.fake.ts'
import { Authority } from '../fakes/certificates.ts'
import type { Receiver } from '../inputs/receivers.ts'

const numbers = Array.from({ length: 20 }, (_, n) => n)

/** What senders rely on, and what no sender can do, for one input. */
export function inputConformance(receiver: Receiver): void {
  const { kind, name, acknowledgement, malformed, oversized, strangers } = receiver
  const begin = (t: TestContext, config: object = {}, budgetBytes?: number) =>
    bedOf(t, kind, { ...receiver.config, ...config }, budgetBytes === undefined ? {} : { budgetBytes })

  /** Sends what is wrong, and gives what the sender hears of it. */
  const refused = async (bed: Bed, bytes: Buffer): Promise<string> => {
    const socket = await bed.dial()
    if (!receiver.staysOpen) {
      socket.end(bytes)
      return await heard(socket)
    }
    const answers = gathered(socket)
    socket.write(bytes)
    await until(() => refusalsOf(bed) > 0)
    socket.destroy()
    return answers()
  }

  /** Nothing is left of those who were there, and the next sender is served. */
  const servesOthers = async (bed: Bed) => {
    await until(() => connectionsOf(bed) === 0)
    await until(() => bed.host.budget.usedBytes === 0)
    const before = bed.host.taken.length
    const socket = await bed.dial()
    socket.write(receiver.message([7]))
    await until(() => bed.host.taken.length > before)
    assert.equal(receiver.numberOf(bed.host.taken[before].text), 7)
    socket.destroy()
  }

  describe(`the ${name} input keeps the contract`, () => {
    test('takes every record, in order', async t => {
      const bed = await begin(t)
      ;(await bed.dial()).write(receiver.message([...numbers]))
      const wanted = receiver.name.endsWith('with JSON') ? [0] : numbers
      await until(() => bed.host.taken.length >= wanted.length)
      assert.deepEqual(
        bed.host.taken.map(({ text }) => receiver.numberOf(text)),
        wanted,
      )
    })

    if (acknowledgement)
      test('acknowledges what is safe, and nothing before it is', async t => {
        const bed = await begin(t)
        const gate = Promise.withResolvers<void>()
        bed.host.gate = gate.promise
        const socket = await bed.dial()
        const answers = gathered(socket)
        socket.write(receiver.message([1]))
        await until(() => bed.host.budget.usedBytes > 0)
        for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
        assert.doesNotMatch(answers(), acknowledgement)
        gate.resolve()
        await until(() => acknowledgement.test(answers()))
        assert.equal(bed.host.taken.length, 1)
      })

    test('holds nothing of a message that ends in the middle, wherever', async t => {
      const bed = await begin(t)
      const whole = receiver.message([1, 2, 3])
      const cuts = new Set([1, 2, 3, 7, whole.length - 1])
      for (let part = 1; part < 8; part++) cuts.add(Math.floor((whole.length * part) / 8))
      for (const cut of cuts) {
        bed.host.taken.length = 0
        const socket = await bed.dial()
        socket.end(whole.subarray(0, cut))
        await heard(socket)
        await until(() => connectionsOf(bed) === 0)
        const taken = bed.host.taken.map(({ text }) => receiver.numberOf(text))
        const complete = taken.filter(n => [1, 2, 3].includes(n))
        assert.deepEqual(complete, [1, 2, 3].slice(0, complete.length), `cut at ${cut}`)
      }
      bed.host.taken.length = 0
      await servesOthers(bed)
    })

    for (const [what, bytes] of malformed)
      test(`refuses ${what}, counts it, and serves others`, async t => {
        const bed = await begin(t)
        const answer = await refused(bed, bytes)
        if (acknowledgement) assert.doesNotMatch(answer.split('\r\n')[0], acknowledgement)
        await until(() => refusalsOf(bed) > 0)
        assert.deepEqual(bed.host.taken, [])
        await servesOthers(bed)
      })

    if (oversized)
      test('refuses a message that is too large, counts it, and serves others', async t => {
        const bed = await begin(t)
        await refused(bed, oversized)
        await until(() => refusalsOf(bed) > 0)
        assert.deepEqual(bed.host.taken, [])
        await servesOthers(bed)
      })

    for (const [who, bytes] of strangers?.messages ?? [])
      test(`lets ${who} not in`, async t => {
        const bed = await begin(t, strangers?.config)
        await refused(bed, bytes)
        await until(() => refusalsOf(bed) > 0)
        await until(() => bed.host.budget.usedBytes === 0)
        assert.deepEqual(bed.host.taken, [])
      })

    test('serves a sender that brings a byte at a time, and others meanwhile', async t => {
      const bed = await begin(t)
      const slow = await bed.dial()
      slow.setNoDelay(true)
      const bytes = receiver.message([1])
      const half = Math.floor(bytes.length / 2)
      const step = async (at: number) => {
        slow.write(bytes.subarray(at, at + 1))
        await new Promise(setImmediate)
      }
      for (let at = 0; at < half; at++) await step(at)
      ;(await bed.dial()).write(receiver.message([2]))
      await until(() => bed.host.taken.length === 1)
      for (let at = half; at < bytes.length; at++) await step(at)
      await until(() => bed.host.taken.length === 2)
      assert.deepEqual(
        bed.host.taken.map(({ text }) => receiver.numberOf(text)),
        [2, 1],
      )
    })

    test('lets a sender go that stops in the middle', async t => {
      const bed = await begin(t, { timeout: '100ms' })
      const socket = await bed.dial()
      socket.write(receiver.message([1]).subarray(0, -2))
      await heard(socket)
      await servesOthers(bed)
    })

    test('keeps to its limit of connections, and takes others when some have gone', async t => {
      const bed = await begin(t, { maxConnections: 2 })
      const [first, second] = [await bed.dial(), await bed.dial()]
      await until(() => connectionsOf(bed) === 2)
      const third = await bed.dial()
      third.write(receiver.message([3]))
      await heard(third)
      await until(() => refusalsOf(bed) > 0)
      assert.deepEqual(bed.host.taken, [])
      first.destroy()
      second.destroy()
      await servesOthers(bed)
    })

    test('holds no more than its budget, whoever stops in the middle', async t => {
      const budgetBytes = 128 * 1024
      const bed = await begin(t, {}, budgetBytes)
      const message = receiver.message(Array.from({ length: 900 }, (_, n) => n))
      let most = 0
      const watch = setInterval(() => (most = Math.max(most, bed.host.budget.usedBytes)), 1)
      t.after(() => clearInterval(watch))
      const sockets: Socket[] = []
      for (let i = 0; i < 40; i++) {
        const socket = await bed.dial()
        sockets.push(socket)
        socket.write(message.subarray(0, -2))
        most = Math.max(most, bed.host.budget.usedBytes)
      }
      for (let turns = 0; turns < 100; turns++) {
        await new Promise(setImmediate)
        most = Math.max(most, bed.host.budget.usedBytes)
      }
      assert.ok(most <= budgetBytes, `${most} bytes`)
      for (const socket of sockets) socket.destroy()
      bed.host.taken.length = 0
      await until(() => connectionsOf(bed) === 0)
      await until(() => bed.host.budget.usedBytes === 0)
      bed.host.taken.length = 0
      await servesOthers(bed)
    })

    if (acknowledgement)
      test('is not held up by a sender that never reads its answers', async t => {
        const bed = await begin(t)
        const deaf = await bed.dial()
        deaf.pause()
        for (let i = 0; i < 50; i++) deaf.write(receiver.message([1]))
        const other = await bed.dial()
        const answers = gathered(other)
        other.write(receiver.message([2]))
        await until(() => acknowledgement.test(answers()))
        deaf.destroy()
        other.destroy()
        await until(() => connectionsOf(bed) === 0)
        await until(() => bed.host.budget.usedBytes === 0)
      })

    const { at } = receiver
    if (at)
      for (const year of [1971, 2001, 2105])
        test(`keeps the time of a sender whose clock says ${year}`, async t => {
          const bed = await begin(t)
          const timeMs = Date.UTC(year, 1, 3, 4, 5, 6)
          ;(await bed.dial()).write(at.call(receiver, timeMs))
          await until(() => bed.host.taken.length === 1)
          const [{ text, timeMs: known }] = bed.host.taken
          // Where the input leaves it to the format, the record says it.
          if (Number.isNaN(known)) assert.match(text, new RegExp(String(year)))
          else assert.equal(known, timeMs)
        })

    test('at the end takes what has arrived, acknowledges it, and lets the sender go', async t => {
      const bed = await begin(t)
      const gate = Promise.withResolvers<void>()
      bed.host.gate = gate.promise
      const socket = await bed.dial()
      const answers = gathered(socket)
      socket.write(receiver.message([1]))
      await until(() => bed.host.budget.usedBytes > 0)
      using deadline = deadlineIn(systemClock(), 30_000)
      const drained = bed.input.drain(deadline)
      gate.resolve()
      await drained
      assert.equal(bed.host.taken.length, 1)
      if (acknowledgement) await until(() => acknowledgement.test(answers()))
    })

    test('speaks TLS with those who have a certificate of its authority, and with nobody else', async t => {
      const { tls, authority, client } = await certificates(t)
      const bed = await begin(t, { tls })
      const dial = async (options: object) => {
        const socket = connectTls({ port: bed.port, host: '127.0.0.1', ca: authority.cert, ...options })
        t.after(() => socket.destroy())
        socket.on('error', () => {})
        return socket
      }
      const stranger = new Authority().issue('client')
      for (const options of [{}, { cert: stranger.cert, key: stranger.key }]) {
        const socket = await dial(options)
        socket.write(receiver.message([1]))
        await heard(socket)
      }
      const plain = await bed.dial()
      plain.end(receiver.message([1]))
      await heard(plain)
      await until(() => connectionsOf(bed) === 0)
      assert.deepEqual(bed.host.taken, [])
      const known = await dial({
        cert: client.cert,
        key: client.key,
        ...(name.endsWith('gRPC') && { ALPNProtocols: ['h2'] }),
      })
      await once(known, 'secureConnect')
      known.write(receiver.message([1]))
      await until(() => bed.host.taken.length === 1)
      known.destroy()
    })

    test('ends a sender that speaks TLS where there is none', async t => {
      const bed = await begin(t, { timeout: '200ms' })
      const socket = connectTls({ port: bed.port, host: '127.0.0.1', rejectUnauthorized: false })
      t.after(() => socket.destroy())
      socket.on('error', () => {})
      await new Promise(resolve => socket.once('close', resolve))
      bed.host.taken.length = 0
      await servesOthers(bed)
    })
  })
}

function connectionsOf(bed: Bed): number {
  return sumOf(bed, /^outrigger_logs_(network|http)_connections$/)
}

function refusalsOf(bed: Bed): number {
  return sumOf(bed, /^outrigger_logs_\w*(refused|rejected|malformed)\w*$/)
}

function sumOf({ host }: Bed, name: RegExp): number {
  const families = host.registry.collect().filter(family => name.test(family.name))
  return families.flatMap(({ samples }) => samples).reduce((sum, { value }) => sum + value, 0)
}

/** All that a sender has heard so far. */
function gathered(socket: Socket): () => string {
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  return () => text
}

async function certificates(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-inputs-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const authority = new Authority()
  const server = authority.issue('server', ['localhost', '127.0.0.1'])
  const tls = { cert: join(folder, 'crt'), key: join(folder, 'key'), ca: join(folder, 'ca') }
  await writeFile(tls.cert, server.cert)
  await writeFile(tls.key, server.key)
  await writeFile(tls.ca, authority.cert)
  return { tls, authority, client: authority.issue('client') }
}
