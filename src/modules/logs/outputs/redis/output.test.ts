import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Authority } from '../../../../../test/fakes/certificates.ts'
import { missing } from '../../../../../test/fakes/programs.ts'
import { RedisServer } from '../../../../../test/fakes/redis/server.ts'
import { folderOf } from '../../../../../test/outputs/destination.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Outcome } from '../output.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { faultOf } from './answer.ts'
import { checkRedis, redisConfig } from './config.ts'
import { openRedis } from './output.ts'

const never = new AbortController().signal
const withRedis = { skip: missing('redis-server') }

function decode(options: object) {
  const decoded = redisConfig.decode(options)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function open(t: TestContext, port: number, options: object = {}) {
  const host = fakeOutputHost({ kind: 'redis', clock: systemClock() })
  t.after(() => host.close())
  return await openRedis(decode({ url: `redis://127.0.0.1:${port}`, ...options }), host)
}

async function start(t: TestContext, ...args: string[]): Promise<RedisServer> {
  return await RedisServer.start(t, await folderOf(t), args)
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'failed' ? outcome.reason : JSON.stringify(outcome)
}

describe('the redis output', withRedis, () => {
  test('adds records to the stream that a template names, whole or field by field', async t => {
    const redis = await start(t)
    const slice = fakeSlice([{ app: 'a', text: 'ä"\n', n: 1.5, deep: { x: [null] } }, { app: 'b' }])
    const whole = await open(t, redis.port, { key: 'logs:{app|"none"}' })
    assert.deepEqual(await whole.send([slice], never), { kind: 'done' })
    const fields = await open(t, redis.port, { key: 'fields', entry: 'fields' })
    assert.deepEqual(await fields.send([slice, fakeSlice([{}])], never), { kind: 'done' })
    const entries = async (key: string) =>
      ((await redis.ask('XRANGE', key, '-', '+')) as [string, string[]][]).map(([, [...parts]]) =>
        parts.map(part => Buffer.from(part, 'latin1').toString()),
      )
    assert.deepEqual(await entries('logs:b'), [['record', '{"app":"b"}']])
    assert.deepEqual(await entries('fields'), [
      ['app', 'a', 'text', 'ä"\n', 'n', '1.5', 'deep', '{"x":[null]}'],
      ['app', 'b'],
      ['record', '{}'],
    ])
  })

  test('keeps streams as short, or as young, as it is told', async t => {
    const redis = await start(t)
    const records = Array.from({ length: 3000 }, (_, n) => ({ n }))
    const short = await open(t, redis.port, { key: 'short', maxLength: 100 })
    assert.deepEqual(await short.send([fakeSlice(records)], never), { kind: 'done' })
    const length = Number(await redis.ask('XLEN', 'short'))
    assert.ok(length >= 100 && length < 300, String(length))
    await redis.askAll(records.map((_, n) => ['XADD', 'young', `${n + 1}-0`, 'a', 'b']))
    const young = await open(t, redis.port, { key: 'young', maxAge: '1h' })
    assert.deepEqual(await young.send([fakeSlice([{ n: 1 }])], never), { kind: 'done' })
    assert.ok(Number(await redis.ask('XLEN', 'young')) < 200)
  })

  test('appends to lists and publishes to channels in order', async t => {
    const redis = await start(t)
    const list = await open(t, redis.port, { as: 'list', key: 'l' })
    await list.send([fakeSlice([{ n: 1 }, { n: 2 }])], never)
    assert.deepEqual(await redis.ask('LRANGE', 'l', '0', '-1'), ['{"n":1}', '{"n":2}'])
    const channel = await open(t, redis.port, { as: 'channel' })
    assert.deepEqual(await channel.send([fakeSlice([{ n: 1 }])], never), { kind: 'done' })
  })

  test('brings no record twice that Redis has already, whoever sends it again', async t => {
    const redis = await start(t)
    const frames = [1, 2, 3].map(sequence =>
      fakeSlice([{ n: sequence * 10 }, { n: sequence * 10 + 1 }], { sequence }),
    )
    const options = { as: 'list', key: 'l', exactlyOnce: true }
    const first = await open(t, redis.port, options)
    assert.deepEqual(await first.send([frames[0], { ...frames[1], to: 1 }], never), { kind: 'done' })
    const second = await open(t, redis.port, options)
    assert.deepEqual(await second.send(frames.slice(0, 2), never), { kind: 'done' })
    assert.deepEqual(await second.send(frames, never), { kind: 'done' })
    assert.deepEqual(
      ((await redis.ask('LRANGE', 'l', '0', '-1')) as string[]).map(text => JSON.parse(text).n),
      [10, 11, 20, 21, 30, 31],
    )
  })

  for (const exactlyOnce of [false, true])
    test(`refuses only records whose key is something else${exactlyOnce ? ', also exactly once' : ''}`, async t => {
      const redis = await start(t)
      await redis.ask('SET', 'logs:bad', 'text')
      const output = await open(t, redis.port, { key: 'logs:{k|"x"}', exactlyOnce })
      const outcome = await output.send([fakeSlice([{ k: 'a' }, { k: 'bad' }, { k: 'b' }])], never)
      assert.ok(outcome.kind === 'done' && outcome.retry === undefined)
      assert.deepEqual(recordsOf(outcome.rejected?.[0].slices), ['{"k":"bad"}'])
      assert.match(outcome.rejected?.[0].reason ?? '', /WRONGTYPE/)
      assert.equal(await redis.ask('XLEN', 'logs:b'), 1)
    })

  for (const exactlyOnce of [false, true])
    test(`waits while Redis is out of memory${exactlyOnce ? ', also exactly once' : ''}`, async t => {
      const redis = await start(t, '--maxmemory', '1')
      const output = await open(t, redis.port, { exactlyOnce })
      const outcome = await output.send([fakeSlice([{ n: 1 }])], never)
      assert.match(reasonOf(outcome), /OOM/)
      assert.equal(outcome.kind === 'failed' && outcome.refused, false || undefined)
      await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
      assert.deepEqual(await output.send([fakeSlice([{ n: 1 }])], never), { kind: 'done' })
      assert.equal(await redis.ask('XLEN', 'logs'), 1)
    })

  test('makes a new connection when the server is a replica now', async t => {
    const redis = await start(t)
    const output = await open(t, redis.port)
    await output.send([fakeSlice([{ n: 1 }])], never)
    await redis.ask('REPLICAOF', '127.0.0.1', '1')
    assert.match(reasonOf(await output.send([fakeSlice([{ n: 2 }])], never)), /READONLY|MASTERDOWN/)
    await redis.ask('REPLICAOF', 'NO', 'ONE')
    assert.deepEqual(await output.send([fakeSlice([{ n: 2 }])], never), { kind: 'done' })
    assert.equal(await redis.ask('XLEN', 'logs'), 2)
  })

  const credentials = [
    ['none', {}, /NOAUTH|refuses PING/],
    ['a wrong password', { auth: { password: 'wrong' } }, /refuses AUTH/],
    ['a user who may not', { auth: { username: 'reader', password: 'r' } }, /NOPERM/],
    ['the password', { auth: { password: 'open sesame' } }, undefined],
    ['the user’s password', { auth: { username: 'writer', password: 'w:/@ä' } }, undefined],
  ] as const
  for (const [what, options, refusal] of credentials)
    test(`with ${what}: ${refusal ? 'says what to look at' : 'delivers'}`, async t => {
      const redis = await start(t)
      const secret = Buffer.from('>w:/@ä').toString('latin1')
      await redis.askAll([
        ['ACL', 'SETUSER', 'reader', 'on', '>r', '+ping'],
        ['ACL', 'SETUSER', 'writer', 'on', secret, '~logs', '+ping', '+xadd'],
        ['CONFIG', 'SET', 'requirepass', 'open sesame'],
      ])
      const output = await open(t, redis.port, options)
      const outcome = await output.send([fakeSlice([{ n: 1 }])], never)
      if (refusal === undefined) assert.deepEqual(outcome, { kind: 'done' })
      else {
        assert.equal(outcome.kind === 'failed' && outcome.refused, true, reasonOf(outcome))
        assert.match(reasonOf(outcome), refusal)
        assert.match(reasonOf(outcome), /logs\.outputs\[0\]\.redis\.auth/)
      }
    })

  test('speaks TLS with a client certificate, and does not trust a stranger', async t => {
    const folder = await folderOf(t)
    const authority = new Authority()
    const files = { ca: authority.cert, ...authority.issue('localhost', ['localhost']) }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const place = (name: string) => join(folder, name)
    const redis = await start(t)
    const port = redis.port
    await redis.askAll([
      [
        'CONFIG',
        'SET',
        'tls-ca-cert-file',
        place('ca'),
        'tls-cert-file',
        place('cert'),
        'tls-key-file',
        place('key'),
      ],
      ['CONFIG', 'SET', 'port', '0', 'tls-port', String(port)],
    ])
    const tls = { ca: place('ca'), cert: place('cert'), key: place('key'), serverName: 'localhost' }
    const url = `rediss://127.0.0.1:${port}`
    const trusting = await open(t, port, { url, tls })
    assert.deepEqual(await trusting.send([fakeSlice([{ n: 1 }])], never), { kind: 'done' })
    const wary = await open(t, port, { url })
    assert.match(reasonOf(await wary.send([fakeSlice([{ n: 1 }])], never)), /tls/)
    const without = await open(t, port, { url, tls: { ca: place('nothing') } })
    assert.match(reasonOf(await without.send([fakeSlice([{ n: 1 }])], never)), /redis\.tls\.ca/)
  })
})

describe('an error of Redis', () => {
  const table = [
    ["OOM command not allowed when used memory > 'maxmemory'.", 'busy'],
    ['LOADING Redis is loading the dataset in memory', 'busy'],
    ['NOREPLICAS Not enough good replicas to write.', 'busy'],
    ["READONLY You can't write against a read only replica.", 'moved'],
    ['MOVED 3999 10.0.0.2:6381', 'refused'],
    ['NOAUTH Authentication required.', 'refused'],
    ["NOPERM User reader has no permissions to run the 'xadd' command", 'refused'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'rejected'],
    ['ERR string exceeds maximum allowed size (proto-max-bulk-len)', 'rejected'],
    ["ERR unknown command 'XADD'", 'refused'],
  ] as const
  for (const [message, kind] of table)
    test(`${message.split(' ')[0]} means ${kind}: ${message}`, () =>
      assert.equal(faultOf(message, 'logs.outputs[0].redis').kind, kind))
})

describe('the options of the redis output', () => {
  const table: [object, string[]][] = [
    [{}, []],
    [{ url: 'redis://u:p@h' }, ['url']],
    [{ url: 'redis://h/name' }, ['url']],
    [{ key: '{app}' }, ['key']],
    [{ key: '' }, ['key']],
    [{ as: 'list', maxLength: 5 }, ['maxLength']],
    [{ as: 'channel', entry: 'fields', exactlyOnce: true }, ['entry', 'exactlyOnce']],
    [{ maxLength: 5, maxAge: '1h' }, ['maxAge']],
    [{ tls: { verify: false } }, ['tls']],
  ]
  for (const [options, paths] of table)
    test(`${JSON.stringify(options)}: ${paths.length === 0 ? 'fine' : paths.join(', ')}`, () =>
      assert.deepEqual(
        checkRedis(decode({ url: 'redis://h', ...options })).map(({ path }) => path[0]),
        paths,
      ))
})
