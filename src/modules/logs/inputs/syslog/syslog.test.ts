import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { missing } from '../../../../../test/fakes/programs.ts'
import { bedOf, heard, until } from '../network/bed.fake.ts'

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-syslog-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

describe('syslog by TCP', () => {
  const streams: [name: string, parts: string[], taken: string[]][] = [
    ['lines', ['<13>one\n<13>t', 'wo\r\n'], ['<13>one', '<13>two']],
    ['a last line without an end', ['<13>one\n<13>two'], ['<13>one', '<13>two']],
    ['lengths', ['7 <13>one8 <1', '3>t\nwo'], ['<13>one', '<13>t\nwo']],
    ['lengths with line ends behind', ['7 <13>one\n', '7 <13>two\n'], ['<13>one', '<13>two']],
    ['a length in two parts', ['1', '0 <13>123456'], ['<13>123456']],
  ]
  for (const [name, parts, taken] of streams)
    test(`tells messages apart by ${name}`, async t => {
      const { dial, texts } = await bedOf(t, 'syslog', { transport: 'tcp' })
      const socket = await dial()
      for (const part of parts) {
        socket.write(part)
        await new Promise(resolve => setImmediate(resolve))
      }
      socket.end()
      assert.deepEqual(await texts(taken.length), taken)
    })

  const malformed: [name: string, bytes: string, reason: string][] = [
    ['a length that is none', '12x <13>one', 'malformed'],
    ['a length without end', '1234567890123 <13>', 'malformed'],
    ['a length that is too large', '99999999 <13>', 'too_large'],
    ['less than the length says', '70 <13>one', 'malformed'],
  ]
  for (const [name, bytes, reason] of malformed)
    test(`ends a connection that brings ${name}`, async t => {
      const { host, dial } = await bedOf(t, 'syslog', { transport: 'tcp' })
      const socket = await dial()
      socket.end(bytes)
      await heard(socket)
      await until(() => host.metric('network_refused_total', { input: 'syslog', reason }) === 1)
      assert.equal(host.taken.length, 0)
    })
})

describe('programs of the system', () => {
  const run = promisify(execFile)

  for (const [name, config, args] of [
    ['UDP', {}, ['--udp']],
    ['TCP with lengths', { transport: 'tcp' }, ['--tcp', '--octet-count']],
    ['TCP with lines', { transport: 'tcp' }, ['--tcp', '--rfc3164']],
  ] as const)
    test(`logger sends by ${name}`, { skip: missing('logger') }, async t => {
      const { port, texts } = await bedOf(t, 'syslog', config)
      await run('logger', [
        ...args,
        '--server',
        '127.0.0.1',
        '--port',
        String(port),
        '-t',
        'shop',
        'hello world',
      ])
      assert.match((await texts(1))[0], /^<13>.*shop.*hello world$/)
    })

  for (const transport of ['udp', 'tcp'])
    test(`logger sends to a Unix socket (${transport})`, { skip: missing('logger') }, async t => {
      const path = join(await folderOf(t), 'log')
      const { texts } = await bedOf(t, 'syslog', { listen: path, transport })
      await run('logger', ['--socket', path, transport === 'udp' ? '--udp' : '--tcp', 'hello'])
      assert.match((await texts(1))[0], /^<13>.*hello$/)
    })

  test('rsyslog forwards with lengths, over TCP', { skip: missing('rsyslogd') }, async t => {
    const folder = await folderOf(t)
    const { port, texts } = await bedOf(t, 'syslog', { transport: 'tcp' })
    const socket = join(folder, 'in')
    const file = join(folder, 'rsyslog.conf')
    await writeFile(
      file,
      [
        `global(workDirectory="${folder}")`,
        `module(load="imptcp")`,
        `input(type="imptcp" path="${socket}")`,
        `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")`,
      ].join('\n'),
    )
    const rsyslog = spawn('rsyslogd', ['-n', '-f', file, '-i', join(folder, 'pid')], {
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    })
    t.after(async () => {
      const ended = new Promise(resolve => rsyslog.once('exit', resolve))
      rsyslog.kill()
      await ended
    })
    for (let sent = false; !sent; ) {
      sent = await new Promise<boolean>(resolve => {
        const sender = connect(socket)
        sender.once('error', () => setTimeout(resolve, 10, false))
        sender.once('connect', () => {
          sender.end('<14>Oct 11 22:14:15 web shop[7]: hello\n', () => resolve(true))
        })
      })
    }
    assert.match((await texts(1))[0], /^<14>1 \S+ web shop 7 - -\s+hello\s*$/)
  })
})
