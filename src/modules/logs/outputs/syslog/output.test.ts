import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it, type TestContext, test } from 'node:test'
import { noRsyslog, Rsyslog } from '../../../../../test/fakes/rsyslog/server.ts'
import { folderOf } from '../../../../../test/outputs/destination.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { SyslogMessage } from '../../../../wire/syslog/message.ts'
import { RecordView } from '../../template/template.ts'
import { fakeOutputHost, fakeSlice } from '../output-fakes.ts'
import { checkSyslog, type SyslogConfig, syslogConfig } from './config.ts'
import { framed } from './framing.ts'
import { MessageWriter } from './message-writer.ts'
import { openSyslog } from './output.ts'

const never = new AbortController().signal

function configOf(options: object): SyslogConfig {
  const decoded = syslogConfig.decode({ url: 'tcp://127.0.0.1:514', ...options })
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  return decoded.value
}

function written(options: object, record: object | string): string {
  const { frame } = fakeSlice([record], { timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6) })
  const writer = new MessageWriter(configOf(options), 'web-1')
  return writer.write(new RecordView().at(frame.batch, 0)).toString()
}

describe('a message of syslog', () => {
  const cases: [title: string, options: object, record: object | string, message: string][] = [
    [
      'has the fields of the record in its head',
      {},
      { message: 'hello', level: 'error', app: 'shop', pid: 7, facility: 'local0', hostname: 'h' },
      '<131>1 2026-01-02T03:04:05.006000Z h shop 7 - - hello',
    ],
    [
      'is the record where there is no message',
      {},
      { a: 1 },
      '<14>1 2026-01-02T03:04:05.006000Z web-1 tail - - - {"a":1}',
    ],
    [
      'takes levels and numbers, and the default for anything else',
      { message: 'x', facility: 'daemon', severity: 'notice' },
      { level: 'loud', facility: 99 },
      '<29>1 2026-01-02T03:04:05.006000Z web-1 tail - - - x',
    ],
    [
      'has structured data, escaped',
      { structuredData: ['origin@1', 'meta.b="]'.slice(0, 6)], message: 'x' },
      { 'origin@1': { ip: '10.0.0.1', 'a b': 'q"]\\' }, meta: { b: { n: 1 } } },
      '<14>1 2026-01-02T03:04:05.006000Z web-1 tail - - [origin@1 ip="10.0.0.1" a_b="q\\"\\]\\\\"][b n="1"] x',
    ],
    [
      'can be the old form',
      { format: 'rfc3164' },
      { message: 'hello', pid: 7, app: 'a:b c' },
      '<14>Jan  2 03:04:05 web-1 a_b_c[7]: hello',
    ],
    [
      'has no blanks in names',
      { appName: '{a}' },
      { a: 'x ü', message: 'm' },
      '<14>1 2026-01-02T03:04:05.006000Z web-1 x__ - - - m',
    ],
    [
      'is cut between characters',
      { maxMessage: '480B', message: '{m}' },
      { m: 'ü'.repeat(400) },
      `<14>1 2026-01-02T03:04:05.006000Z web-1 tail - - - ${'ü'.repeat(214)}`,
    ],
  ]
  for (const [title, options, record, message] of cases)
    it(title, () => {
      const text = written(options, record)
      assert.equal(text, message)
      assert.ok(Buffer.byteLength(text) <= 8192)
      const bytes = Buffer.from(text)
      assert.ok(new SyslogMessage().parse(bytes, 0, bytes.length, Date.UTC(2026, 0, 3)), 'and is read again')
    })

  it('stands by its length or by a line feed', () => {
    assert.equal(framed('octets')(Buffer.from('a\nb')).toString(), '3 a\nb')
    assert.equal(framed('newline')(Buffer.from('a\nb\n')).toString(), 'a b \n')
  })
})

describe('the options of syslog', () => {
  for (const [options, message] of [
    [{ url: 'udp://h:514', framing: 'octets' }, /each message is a datagram/],
    [{ tls: {} }, /no effect on this URL/],
    [{ message: '{' }, /is not a template/],
    [{ severityField: 'a.' }, /is not a field/],
    [{ structuredData: ['a.'] }, /is not a field/],
    [{ url: 'tcp://u:p@h:514' }, /without credentials/],
  ] as const)
    it(`are refused as ${JSON.stringify(options)}`, () =>
      assert.match(checkSyslog(configOf(options))[0]?.message ?? '', message))
})

async function opened(t: TestContext, options: object) {
  const host = fakeOutputHost({ kind: 'syslog', clock: systemClock() })
  t.after(() => host.close())
  return await openSyslog(configOf(options), host)
}

const inForms = { skip: noRsyslog ?? false }
for (const [url, options] of [
  ['tcp', { format: 'rfc5424' }],
  ['tcp', { format: 'rfc5424', framing: 'newline' }],
  ['tcp', { format: 'rfc3164', framing: 'octets' }],
  ['tcp', { format: 'rfc3164' }],
  ['udp', { format: 'rfc5424' }],
  ['udp', { format: 'rfc3164' }],
] as const)
  test(`rsyslog understands ${JSON.stringify(options)} by ${url}`, inForms, async t => {
    const rsyslog = await Rsyslog.start(t, await folderOf(t))
    const output = await opened(t, {
      url: `${url}://127.0.0.1:${rsyslog.port}`,
      ...options,
      structuredData: ['x@1'],
    })
    const record = {
      message: 'grüße "all"',
      level: 'warn',
      app: 'shop',
      pid: 42,
      hostname: 'web-7',
      'x@1': { k: 'v' },
    }
    assert.deepEqual(await output.send([fakeSlice([record])], never), { kind: 'done' })
    let messages = await rsyslog.messages()
    for (let tries = 0; messages.length === 0 && tries < 200; tries++) {
      await new Promise(resolve => setTimeout(resolve, 50))
      messages = await rsyslog.messages()
    }
    const [message] = messages
    assert.equal(message['msg']?.trim(), 'grüße "all"')
    assert.deepEqual(
      [
        message['hostname'],
        message['app-name'],
        message['syslogseverity-text'],
        message['syslogfacility-text'],
      ],
      ['web-7', 'shop', 'warning', 'user'],
    )
    assert.equal(message['procid'], '42')
    if (options.format === 'rfc5424') assert.equal(message['structured-data'], '[x@1 k="v"]')
  })

test('a server that leaves right after it took the bytes has not taken them', async t => {
  const server = createServer(socket => {
    socket.once('data', () => socket.destroy())
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const output = await opened(t, { url: `tcp://127.0.0.1:${port}` })
  const outcome = await output.send([fakeSlice([{ a: 1 }])], never)
  assert.equal(outcome.kind === 'failed' && outcome.reason, 'the server closed the connection')
})

test('a server that reads nothing is told, and holds nobody for ever', async t => {
  const server = createServer(socket => socket.pause().on('error', () => {})).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const output = await opened(t, { url: `tcp://127.0.0.1:${port}`, timeout: '200ms', maxMessage: '60KiB' })
  const large = fakeSlice(Array.from({ length: 400 }, () => ({ message: 'x'.repeat(50_000) })))
  const outcome = await output.send([large], never)
  assert.match(outcome.kind === 'failed' ? outcome.reason : '', /takes nothing for 200 ms/)
})

test('by UDP it is noticed when nobody listens, where the network says so', async t => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  const output = await opened(t, { url: `udp://127.0.0.1:${port}` })
  const outcome = await output.send([fakeSlice([{ a: 1 }])], never)
  assert.match(
    outcome.kind === 'failed' ? outcome.reason : '',
    /takes no datagrams: .*ECONNREFUSED; check logs\.outputs\[0\]\.syslog\.url/,
  )
})
