import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import { Authority } from '../../../../../test/fakes/certificates.ts'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { deadlineIn } from '../../../../kernel/lifecycle/deadline.ts'
import { bedOf, heard, sendUdp, until } from './bed.fake.ts'
import { JsonFraming } from './frames.ts'

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-network-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

const refusals = (host: Awaited<ReturnType<typeof bedOf>>['host'], reason: string) =>
  host.metric('network_refused_total', { input: host.name, reason }) ?? 0

describe('tcp', () => {
  const framings: [name: string, config: object, sent: string[], taken: string[]][] = [
    ['lines', {}, ['one\ntw', 'o\r\n', 'three\n'], ['one', 'two', 'three']],
    ['a last line without an end', {}, ['one\n', 'tw', 'o'], ['one', 'two']],
    ['another separator', { separator: '\0' }, ['one\ntwo\0thr', 'ee\0'], ['one\ntwo', 'three']],
    ['a separator of several characters', { separator: '||' }, ['one|', '|two||'], ['one', 'two']],
    [
      'objects without a separator',
      { framing: 'json' },
      ['{"a":1}{"b":', '"}{"}'],
      ['{"a":1}', '{"b":"}{"}'],
    ],
    [
      'objects on several lines',
      { framing: 'json' },
      ['{\n"a":\n[1]}\n', ' {"b":"\\"}"},'],
      ['{ "a": [1]}', '{"b":"\\"}"}'],
    ],
    ['an object whose escape is split', { framing: 'json' }, ['{"a":"\\', '""}{}'], ['{"a":"\\""}', '{}']],
  ]
  for (const [name, config, sent, taken] of framings)
    test(`takes ${name}`, async t => {
      const { dial, texts } = await bedOf(t, 'tcp', config)
      const socket = await dial()
      for (const part of sent) {
        socket.write(part)
        await new Promise(resolve => setImmediate(resolve))
      }
      socket.end()
      assert.deepEqual(await texts(taken.length), taken)
    })

  test('takes the objects in front of what is none, and ends the connection', async t => {
    const { host, dial, texts } = await bedOf(t, 'tcp', { framing: 'json' })
    const socket = await dial()
    socket.end('{"a":1}{"b":2} oh no\n{"c":3}')
    assert.deepEqual(await texts(2), ['{"a":1}', '{"b":2}'])
    await until(() => refusals(host, 'malformed') === 1)
  })

  test('tells path, tag and the number of records', async t => {
    const { host, dial, texts } = await bedOf(t, 'tcp', {}, { tag: 'net.*' })
    const socket = await dial()
    socket.end('one\ntwo\n')
    await texts(2)
    assert.deepEqual(host.taken[0], {
      text: 'one',
      timeMs: Number.NaN,
      tag: 'net.127.0.0.1',
      path: '127.0.0.1',
    })
    await until(() => host.metric('network_records_total', { input: 'tcp' }) === 2)
    await until(() => host.metric('network_connections', { input: 'tcp' }) === 0)
    await until(() => host.budget.usedBytes === 0)
  })

  test('splits a line that is too long into pieces', async t => {
    const { dial, texts } = await bedOf(t, 'tcp', { maxMessage: '1KiB' })
    ;(await dial()).end(`${'x'.repeat(2000)}\n`)
    assert.deepEqual(
      (await texts(2)).map(text => text.length),
      [1024, 976],
    )
  })

  const malformed: [name: string, bytes: string, reason: string][] = [
    ['what is no object', '{"a":1}\nhello\n', 'malformed'],
    ['half an object', '{"a":', 'malformed'],
    ['an object that is too large', `{"a":"${'x'.repeat(2000)}"}`, 'too_large'],
  ]
  for (const [name, bytes, reason] of malformed)
    test(`ends a connection that brings ${name}, and counts it`, async t => {
      const { host, dial } = await bedOf(t, 'tcp', { framing: 'json', maxMessage: '1KiB' })
      const socket = await dial()
      socket.end(bytes)
      await heard(socket)
      await until(() => refusals(host, reason) === 1 && host.budget.usedBytes === 0)
    })

  test('closes connections above the limit at once, and lets others in when one has ended', async t => {
    const { host, dial, texts } = await bedOf(t, 'tcp', { maxConnections: 1 })
    const first = await dial()
    first.write('one\n')
    await texts(1)
    assert.equal(await heard(await dial()), '')
    assert.equal(refusals(host, 'connections'), 1)
    first.end()
    await until(() => host.metric('network_connections', { input: 'tcp' }) === 0)
    ;(await dial()).end('two\n')
    assert.deepEqual(await texts(2), ['one', 'two'])
  })

  test('ends a connection whose message does not become whole, and keeps what there is of it', async t => {
    const clock = new FakeClock()
    const { host, dial, texts } = await bedOf(t, 'tcp', { timeout: '5s' }, { clock })
    const socket = await dial()
    socket.write('slo')
    await until(() => host.budget.usedBytes === 3)
    await clock.advance(4000)
    socket.write('w')
    await until(() => host.metric('network_received_bytes_total', { input: 'tcp' }) === 4)
    await clock.advance(2000)
    await heard(socket)
    assert.deepEqual(await texts(1), ['slow'])
    assert.equal(refusals(host, 'too_slow'), 1)
  })

  test('keeps quiet connections, unless it is told for how long', async t => {
    const clock = new FakeClock()
    const { host, dial, texts } = await bedOf(t, 'tcp', { idleTimeout: '1m' }, { clock })
    const socket = await dial()
    socket.write('one\n')
    await texts(1)
    await until(() => host.budget.usedBytes === 0)
    await clock.advance(62_000)
    await heard(socket)
    assert.equal(refusals(host, 'idle'), 1)
  })

  test('reads no faster than records become safe, and holds no more than the budget', async t => {
    const budgetBytes = 256 * 1024
    const { host, dial, texts } = await bedOf(t, 'tcp', {}, { budgetBytes })
    const gate = Promise.withResolvers<void>()
    host.gate = gate.promise
    const line = `${'x'.repeat(999)}\n`
    const sockets = await Promise.all([dial(), dial(), dial(), dial()])
    for (const socket of sockets) socket.end(line.repeat(1000))
    await until(() => host.budget.usedBytes > budgetBytes / 2)
    assert.ok(host.budget.usedBytes <= budgetBytes)
    gate.resolve()
    assert.equal((await texts(4000)).length, 4000)
    await until(() => host.budget.usedBytes === 0)
  })

  test('ends connections that hold parts of messages when the budget is used up by such', async t => {
    const clock = new FakeClock()
    const { host, dial } = await bedOf(t, 'tcp', { maxMessage: '1MiB' }, { clock, budgetBytes: 400_000 })
    const sockets = await Promise.all([dial(), dial(), dial()])
    const ended = sockets.map(heard)
    for (const socket of sockets) socket.end('x'.repeat(900_000))
    await until(() => host.budget.usedBytes >= 300_000)
    await until(() => {
      void clock.advance(1000)
      return host.metric('network_connections', { input: 'tcp' }) === 0
    })
    await Promise.all(ended)
    assert.ok(refusals(host, 'busy') > 0)
    await until(() => host.budget.usedBytes === 0)
  })

  test('a drain takes what has arrived, then lets the senders go', async t => {
    const { host, input, dial, texts } = await bedOf(t, 'tcp')
    const socket = await dial()
    socket.write('one\n')
    await texts(1)
    socket.write('two\nthree')
    const drained = input.drain(deadlineIn(systemClock(), 10_000))
    await heard(socket)
    await drained
    assert.deepEqual(await texts(3), ['one', 'two', 'three'])
    assert.equal(host.budget.usedBytes, 0)
  })

  test('speaks TLS, and asks for certificates when it has authorities for them', async t => {
    const folder = await folderOf(t)
    const authority = new Authority()
    const server = authority.issue('server', ['localhost', '127.0.0.1'])
    const client = authority.issue('client')
    const tls = { cert: join(folder, 'crt'), key: join(folder, 'key'), ca: join(folder, 'ca') }
    await writeFile(tls.cert, server.cert)
    await writeFile(tls.key, server.key)
    await writeFile(tls.ca, authority.cert)
    const { host, port, dial, texts } = await bedOf(t, 'tcp', { tls })
    const known = connectTls({
      port,
      host: '127.0.0.1',
      ca: authority.cert,
      cert: client.cert,
      key: client.key,
    })
    await once(known, 'secureConnect')
    known.end('safe\n')
    assert.deepEqual(await texts(1), ['safe'])
    const unknown = connectTls({ port, host: '127.0.0.1', ca: authority.cert })
    unknown.on('error', () => {})
    unknown.write('nobody\n')
    await once(unknown, 'close')
    const plain = await dial()
    plain.write('plain\n')
    await heard(plain)
    await until(() => host.metric('network_connections', { input: 'tcp' }) === 0)
    assert.deepEqual(await texts(1), ['safe'])
  })

  test('no bytes whatever break it, and nothing is held afterwards', async t => {
    const { host, dial } = await bedOf(
      t,
      'tcp',
      { framing: 'json', maxMessage: '1KiB' },
      { budgetBytes: 200_000 },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 5 }), async chunks => {
        const socket = await dial()
        for (const chunk of chunks) socket.write(chunk)
        socket.end()
        await heard(socket)
        await until(() => host.metric('network_connections', { input: 'tcp' }) === 0)
        await until(() => host.budget.usedBytes === 0)
      }),
      { numRuns: 60 },
    )
  })

  test('finds the same objects however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
        fc.infiniteStream(fc.integer({ min: 1, max: 20 })),
        (objects, sizes) => {
          const text = Buffer.from(objects.map(object => JSON.stringify(object)).join(''))
          const framing = new JsonFraming(1 << 20)
          const found: string[] = []
          let rest: Buffer = Buffer.alloc(0)
          for (let at = 0; at < text.length; ) {
            const size = sizes.next().value ?? 1
            rest = Buffer.concat([rest, text.subarray(at, at + size)])
            at += size
            const { count, starts, ends, next } = framing.find(rest, false)
            for (let i = 0; i < count; i++) found.push(rest.toString('utf8', starts[i], ends[i]))
            rest = rest.subarray(next)
          }
          assert.deepEqual(
            found.map(each => JSON.parse(each)),
            JSON.parse(JSON.stringify(objects)),
          )
        },
      ),
    )
  })
})

describe('udp', () => {
  const framings: [name: string, config: object, sent: string[], taken: string[]][] = [
    ['lines', {}, ['one', 'two\nthree\n', '\n'], ['one', 'two', 'three', '']],
    ['messages', { framing: 'message', format: 'raw' }, ['one\ntwo\n', 'three\0'], ['one\ntwo', 'three']],
    ['messages that stay on a line', { framing: 'message' }, ['{"a":\n1}'], ['{"a": 1}']],
    [
      'objects',
      { framing: 'json' },
      ['{"a":1}{"b":2}', 'not json', '{"c":3}'],
      ['{"a":1}', '{"b":2}', 'not json', '{"c":3}'],
    ],
  ]
  for (const [name, config, sent, taken] of framings)
    test(`takes ${name}`, async t => {
      const { host, port, texts } = await bedOf(t, 'udp', config)
      await sendUdp(port, ...sent)
      assert.deepEqual(await texts(taken.length), taken)
      await until(() => host.budget.usedBytes === 0)
    })

  test('drops what is beyond the budget while the spool is busy, and counts it', async t => {
    const { host, port, texts } = await bedOf(t, 'udp', {}, { budgetBytes: 4000 })
    const gate = Promise.withResolvers<void>()
    host.gate = gate.promise
    await sendUdp(port, ...Array.from({ length: 10 }, (_, i) => `${i}${'x'.repeat(800)}`))
    await until(() => refusals(host, 'busy') === 7)
    gate.resolve()
    assert.deepEqual(
      (await texts(3)).map(text => text[0]),
      ['0', '1', '2'],
    )
    await until(() => host.budget.usedBytes === 0)
  })

  test('drops a datagram that is too large, and counts it', async t => {
    const { host, port, texts } = await bedOf(t, 'udp', { maxMessage: '1KiB' })
    await sendUdp(port, 'x'.repeat(1025), 'small')
    assert.deepEqual(await texts(1), ['small'])
    assert.equal(refusals(host, 'too_large'), 1)
  })
})

describe('unix', () => {
  test('takes lines from a stream socket, which has the mode that was asked for', async t => {
    const path = join(await folderOf(t), 'logs.sock')
    const { texts } = await bedOf(t, 'unix', { path, mode: '622' })
    assert.equal((await stat(path)).mode & 0o777, 0o622)
    const socket = connect(path)
    socket.end('one\ntwo')
    assert.deepEqual(await texts(2), ['one', 'two'])
  })

  test('takes datagrams', async t => {
    const path = join(await folderOf(t), 'logs.sock')
    const { texts } = await bedOf(t, 'unix', { path, type: 'datagram', framing: 'message', format: 'raw' })
    const { connectUnixDatagrams } = await import('../../../../kernel/unix-datagrams.ts')
    const { closeSync, writeSync } = await import('node:fs')
    const descriptor = connectUnixDatagrams(path) as number
    writeSync(descriptor, 'one\ntwo')
    writeSync(descriptor, 'three')
    closeSync(descriptor)
    assert.deepEqual(await texts(2), ['one\ntwo', 'three'])
  })
})
