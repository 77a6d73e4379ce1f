import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { nkeys } from '@nats-io/transport-node'
import { Authority } from '../../../../../test/fakes/certificates.ts'
import { NatsServer } from '../../../../../test/fakes/nats/server.ts'
import { missing } from '../../../../../test/fakes/programs.ts'
import { folderOf } from '../../../../../test/outputs/destination.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Outcome } from '../output.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { readAck } from './ack.ts'
import { checkNats, natsConfig } from './config.ts'
import { openNats } from './output.ts'

const never = new AbortController().signal
const one = [fakeSlice([{ n: 1 }])]

function decode(options: object) {
  const decoded = natsConfig.decode({ servers: ['nats://127.0.0.1:1'], ...options })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function open(t: TestContext, server: NatsServer, options: object = {}) {
  const host = fakeOutputHost({ kind: 'nats', clock: systemClock() })
  t.after(() => host.close())
  return await openNats(decode({ servers: [`nats://127.0.0.1:${server.port}`], ...options }), host)
}

async function start(t: TestContext, config = '', stream: object = {}) {
  const server = await NatsServer.start(t, await folderOf(t), config)
  if (config === '') await server.api('STREAM.CREATE.LOGS', { name: 'LOGS', subjects: ['logs.>'], ...stream })
  return server
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'failed' ? outcome.reason : JSON.stringify(outcome)
}

function assertRefused(outcome: Outcome, reason: RegExp): void {
  assert.match(reasonOf(outcome), reason)
  assert.equal(outcome.kind === 'failed' && outcome.refused, true)
}

describe('the nats output', { skip: missing('nats-server') }, () => {
  test('publishes to the subject that a template names, with ids and headers', async t => {
    const server = await start(t)
    const options = { subject: 'logs.{app|"none"}', headers: { Tag: '{$tag}', Trace: '{trace}' } }
    const output = await open(t, server, options)
    const records = [{ app: 'a.b' }, { app: ' x*>\n. .', trace: 'a\r\nNats-Msg-Id: 7' }, {}]
    assert.deepEqual(await output.send([fakeSlice(records, { sequence: 7 })], never), { kind: 'done' })
    const messages = await server.messages('LOGS')
    assert.deepEqual(
      messages.map(({ subject, text }) => [subject, text]),
      [
        ['logs.a.b', '{"app":"a.b"}'],
        ['logs._x_._', JSON.stringify(records[1])],
        ['logs.none', '{}'],
      ],
    )
    assert.match(messages[0].headers, /Nats-Msg-Id: spool-a-7-0\r\n/)
    assert.match(messages[0].headers, /Tag: tail\r\n/)
    assert.match(messages[1].headers, /Nats-Msg-Id: spool-a-7-1\r\n/)
    assert.match(messages[1].headers, /Trace: a Nats-Msg-Id: 7\r\n/)
  })

  test('has a record stored once that is sent again', async t => {
    const server = await start(t)
    const slices = [fakeSlice([{ n: 1 }, { n: 2 }])]
    assert.deepEqual(await (await open(t, server)).send(slices, never), { kind: 'done' })
    assert.deepEqual(await (await open(t, server)).send(slices, never), { kind: 'done' })
    assert.equal((await server.messages('LOGS')).length, 2)
  })

  test('goes on to the next server of the list', async t => {
    const server = await start(t)
    const servers = ['nats://127.0.0.1:1', `nats://127.0.0.1:${server.port}`]
    assert.deepEqual(await (await open(t, server, { servers })).send(one, never), { kind: 'done' })
  })

  test('says that no stream listens, and that it is another one', async t => {
    const server = await start(t)
    assertRefused(await (await open(t, server, { subject: 'other' })).send(one, never), /no stream listens/)
    assertRefused(await (await open(t, server, { stream: 'OTHER' })).send(one, never), /10060.*nats\.stream/)
  })

  test('waits while a stream is full', async t => {
    const server = await start(t, '', { max_msgs: 2, discard: 'new' })
    const output = await open(t, server)
    const records = fakeSlice([{ n: 1 }, { n: 2 }, { n: 3 }])
    const outcome = await output.send([records], never)
    assert.deepEqual(outcome.kind === 'done' && recordsOf(outcome.retry), ['{"n":3}'])
    const again = await output.send([{ ...records, from: 2 }], never)
    assert.equal(again.kind === 'failed' && again.refused !== true, true, reasonOf(again))
  })

  test('refuses only records that are too large for the server, or for the stream', async t => {
    const server = await start(t, '', { max_msg_size: 1000 })
    const output = await open(t, server)
    const pads = [10, 5000, 2_000_000].map(size => ({ pad: 'x'.repeat(size) }))
    const outcome = await output.send([fakeSlice(pads)], never)
    assert.ok(outcome.kind === 'done' && outcome.retry === undefined, reasonOf(outcome))
    assert.deepEqual(outcome.rejected?.map(({ reason }) => /max_payload|10054/.exec(reason)?.[0]).sort(), [
      '10054',
      'max_payload',
    ])
    assert.equal((await server.messages('LOGS')).length, 1)
  })

  test('without JetStream is done when the server has it', async t => {
    const server = await start(t)
    await server.use(async connection => {
      const subscription = connection.subscribe('plain.>', { max: 1 })
      await connection.flush()
      const output = await open(t, server, { subject: 'plain.{$tag}', jetStream: false })
      assert.deepEqual(await output.send(one, never), { kind: 'done' })
      for await (const message of subscription) assert.equal(message.string(), '{"n":1}')
    })
  })

  const users = `authorization { users: [
    { user: shipper, password: "w:/@ä" }
    { user: reader, password: r, permissions: { publish: "_INBOX.>" } }
  ] }`
  for (const jetStream of [true, false])
    test(`says what a user may not${jetStream ? '' : ', also without JetStream'}`, async t => {
      const server = await start(t, users)
      const auth = { username: 'reader', password: 'r' }
      assertRefused(
        await (await open(t, server, { auth, jetStream })).send(one, never),
        /logs\.tail.*nats\.auth/i,
      )
    })

  test('proves who it is by password, token or NKey', async t => {
    const folder = await folderOf(t)
    const user = nkeys.createUser()
    await writeFile(join(folder, 'seed'), `${Buffer.from(user.getSeed()).toString()}\n`)
    const table: [string, object, object][] = [
      [users, { username: 'shipper', password: 'w:/@ä' }, { username: 'shipper', password: 'wrong' }],
      ['authorization { token: secret }', { token: 'secret' }, { token: 'wrong' }],
      [
        `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`,
        { nkey: join(folder, 'seed') },
        { token: 'wrong' },
      ],
    ]
    for (const [config, right, wrong] of table) {
      const server = await start(t, config)
      const options = { jetStream: false }
      const good = await open(t, server, { ...options, auth: right })
      assert.deepEqual(await good.send(one, never), { kind: 'done' }, config)
      const bad = await open(t, server, { ...options, auth: wrong })
      assertRefused(await bad.send(one, never), /nats\.auth/)
    }
    const lost = await open(t, await start(t), { auth: { creds: join(folder, 'nothing') } })
    assertRefused(await lost.send(one, never), /nats\.auth\.creds cannot be read/)
  })

  test('speaks TLS, does not trust a stranger, and does without only when it may', async t => {
    const folder = await folderOf(t)
    const authority = new Authority()
    const files = { ca: authority.cert, ...authority.issue('localhost', ['localhost']) }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const place = (name: string) => join(folder, name)
    const server = await start(t, `tls { cert_file: "${place('cert')}", key_file: "${place('key')}" }`)
    const options = { jetStream: false, servers: [`tls://127.0.0.1:${server.port}`] }
    const tls = { ca: place('ca'), serverName: 'localhost' }
    assert.deepEqual(await (await open(t, server, { ...options, tls })).send(one, never), { kind: 'done' })
    assertRefused(await (await open(t, server, options)).send(one, never), /nats\.tls/)
    const unchecked = await open(t, server, { ...options, tls: { verify: false } })
    assert.deepEqual(await unchecked.send(one, never), { kind: 'done' })
    const plain = await start(t)
    assertRefused(await (await open(t, plain, { tls })).send(one, never), /nats\.tls/)
  })
})

describe('an answer of JetStream', () => {
  const error = (code: number, number: number) =>
    JSON.stringify({ error: { code, err_code: number, description: 'x' } })
  const table = [
    [undefined, '{"stream":"LOGS","seq":1}', 'stored'],
    [undefined, '{"stream":"LOGS","seq":1,"duplicate":true}', 'stored'],
    [503, '', 'refused'],
    [undefined, error(503, 10077), 'busy'],
    [undefined, error(500, 10023), 'busy'],
    [undefined, error(400, 10054), 'rejected'],
    [undefined, error(400, 10060), 'refused'],
    [undefined, 'what', 'busy'],
    [undefined, 'null', 'busy'],
  ] as const
  for (const [status, text, kind] of table)
    test(`${status ?? ''} ${text} means ${kind}`, () => assert.equal(readAck(status, text, 'k').kind, kind))
})

describe('the options of the nats output', () => {
  const table: [object, string[]][] = [
    [{}, []],
    [{ servers: ['nats://u:p@h'] }, ['servers']],
    [{ subject: '{app}' }, ['subject']],
    [{ subject: '' }, ['subject']],
    [{ jetStream: false, stream: 'S' }, ['stream']],
    [{ headers: { 'Nats-Msg-Id': 'x', 'a b': 'x' } }, ['headers', 'headers']],
    [{ auth: {} }, ['auth']],
    [{ auth: { token: 'a', creds: 'b' } }, ['auth']],
    [{ auth: { username: 'a' } }, ['auth']],
    [{ tls: { cert: 'a' } }, ['tls']],
  ]
  for (const [options, paths] of table)
    test(`${JSON.stringify(options)}: ${paths.length === 0 ? 'fine' : paths.join(', ')}`, () =>
      assert.deepEqual(
        checkNats(decode(options)).map(({ path }) => path[0]),
        paths,
      ))
})
