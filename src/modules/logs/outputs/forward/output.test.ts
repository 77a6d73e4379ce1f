import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { decode } from '@msgpack/msgpack'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { bedOf } from '../../inputs/network/bed.fake.ts'
import { checkOutput, openOutput, outputSchema } from '../kinds.ts'
import type { Output } from '../output.ts'
import { fakeOutputHost, fakeSlice } from '../output-fakes.ts'

const never = new AbortController().signal

async function opened(t: TestContext, options: object): Promise<Output> {
  const decoded = outputSchema.decode({ forward: options })
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  assert.deepEqual(checkOutput(decoded.value), [])
  const host = fakeOutputHost({ kind: 'forward', clock: systemClock() })
  t.after(() => host.close())
  return await openOutput(decoded.value, host)
}

const at = (port: number) => ({ address: `127.0.0.1:${port}` })

describe('the forward output', () => {
  for (const compress of ['none', 'gzip', 'zstd'])
    test(`brings records, times and tags as they are (${compress})`, async t => {
      const { host, port } = await bedOf(t, 'forward')
      const output = await opened(t, { servers: [at(port)], tagAs: 'edge.{$tag}', compress })
      const record = '{"n":9007199254740993,"text":"\\u00e9\\n","list":[1.5,null,{"a":true}]}'
      const slice = fakeSlice([record], { timeMs: 1_767_323_045_006 })
      assert.deepEqual(await output.send([slice], never), { kind: 'done' })
      const { text, timeMs, tag } = host.taken[0]
      assert.equal(text, '{"n":9007199254740993,"text":"\u00e9\\n","list":[1.5,null,{"a":true}]}')
      assert.deepEqual([timeMs, tag], [1_767_323_045_006, 'edge.tail'])
    })

  const auth = { sharedKey: 'k3y', hostname: 'receiver', users: { shop: 'secret' } }
  const own = { sharedKey: 'k3y', hostname: 'sender', username: 'shop', password: 'secret' }
  const handshakes: [name: string, auth: object, kind: string][] = [
    ['comes in with key and password', own, 'done'],
    ['is refused with the wrong key', { ...own, sharedKey: 'other' }, 'failed'],
    ['is refused with the wrong password', { ...own, password: 'other' }, 'failed'],
  ]
  for (const [name, ours, kind] of handshakes)
    test(name, async t => {
      const { port, host } = await bedOf(t, 'forward', { auth })
      const output = await opened(t, { servers: [at(port)], auth: ours })
      const outcome = await output.send([fakeSlice([{ n: 1 }])], never)
      assert.equal(outcome.kind, kind)
      if (outcome.kind === 'failed') assert.equal(outcome.refused, true)
      assert.equal(host.taken.length, kind === 'done' ? 1 : 0)
    })

  test('goes to another receiver when one is away, and to a stand-by last', async t => {
    const [one, spare] = [await bedOf(t, 'forward'), await bedOf(t, 'forward')]
    const servers = [{ ...at(1), weight: 1000 }, { ...at(spare.port), standby: true }, at(one.port)]
    const output = await opened(t, { servers })
    for (let n = 0; n < 5; n++)
      assert.deepEqual(await output.send([fakeSlice([{ n }])], never), { kind: 'done' })
    assert.deepEqual([one.host.taken.length, spare.host.taken.length], [5, 0])
  })

  test('shares the load by weight', async t => {
    const [one, two] = [await bedOf(t, 'forward'), await bedOf(t, 'forward')]
    const output = await opened(t, {
      servers: [
        { ...at(one.port), weight: 3 },
        { ...at(two.port), weight: 1 },
      ],
    })
    for (let n = 0; n < 40; n++) await output.send([fakeSlice([{ n }])], never)
    assert.ok(Math.abs(one.host.taken.length - 30) <= 2, String(one.host.taken.length))
    assert.equal(one.host.taken.length + two.host.taken.length, 40)
  })

  for (const [name, answer] of [
    ['nothing', ''],
    ['the acknowledgement of something else', '\x81\xa3ack\xa1x'],
    ['what is no MessagePack', '\xc1'],
  ])
    test(`does not take ${name} for an acknowledgement`, async t => {
      const messages: unknown[] = []
      const server = createServer(socket => {
        socket.on('error', () => {})
        socket.on('data', chunk => {
          messages.push(decode(chunk))
          socket.write(Buffer.from(answer, 'latin1'))
        })
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.after(() => server.close())
      const { port } = server.address() as { port: number }
      const output = await opened(t, { servers: [at(port)], timeout: '200ms' })
      const outcome = await output.send([fakeSlice([{ n: 1 }])], never)
      assert.equal(outcome.kind, 'failed')
      assert.equal((messages[0] as unknown[])[0], 'tail')
    })
})
