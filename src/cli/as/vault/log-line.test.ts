import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogRecord } from '../../../kernel/log/record.ts'
import { jsonLogLine, standardLine } from './log-line.ts'

const record = (given: Partial<LogRecord>): LogRecord => ({
  timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  level: 'info',
  module: 'secrets',
  event: 'anything',
  message: 'something',
  fields: {},
  ...given,
})
const labelOf = (delivery: string) =>
  delivery === 'stranger' ? undefined : { label: `./${delivery}.txt`, source: `${delivery}.tmpl` }

describe('lines of the log are those of Vault Agent', () => {
  for (const [given, expected] of [
    [{}, '[INFO]  agent.secrets: something'],
    [{ module: 'kernel', level: 'warn' }, '[WARN]  agent: something'],
    [{ level: 'error', fields: { a: 'b c', d: 1 } }, '[ERROR] agent.secrets: something: a="b c" d=1'],
    [{ fields: { error: new Error('no room') } }, '[INFO]  agent.secrets: something: error="no room"'],
    [{ message: 'b: no room', fields: { error: new Error('no room') } }, '[INFO]  agent.secrets: b: no room'],
    [{ level: 'debug', message: 'a\nb' }, '[DEBUG] agent.secrets: a\\nb'],
    [
      { event: 'vault_logged_in', fields: { ttl_seconds: 60 } },
      '[INFO]  agent.auth.handler: authentication successful, sending token to sinks: ttl_seconds=60',
    ],
    [
      { event: 'vault_login_failed', level: 'error', message: 'login by jwt: no' },
      '[ERROR] agent.auth.handler: error authenticating: error="login by jwt: no"',
    ],
    [
      { event: 'vault_login_failed', level: 'error', message: 'no; check secrets.sources[0].vault.address' },
      '[ERROR] agent.auth.handler: error authenticating: error="no; check vault.address"',
    ],
    [
      { event: 'token_delivered', fields: { delivery: 'token', path: '/work/t' } },
      '[INFO]  agent.sink.file: token written: path=./token.txt',
    ],
    [
      { event: 'secret_delivered', fields: { delivery: 'file', path: '/work/t' } },
      '[INFO]  agent: (runner) rendered "file.tmpl" => "./file.txt"',
    ],
    [
      { event: 'secret_delivered', fields: { delivery: 'stranger', path: '/work/t' } },
      '[INFO]  agent: (runner) rendered "(dynamic)" => "/work/t"',
    ],
    [
      { event: 'secret_not_rendered', message: 'file-2: no', fields: { delivery: 'file-2' } },
      '[INFO]  agent.template.server: ./file-2.txt: no',
    ],
    [
      { event: 'delivery_failed', message: 'token: no room', fields: { delivery: 'token' } },
      '[INFO]  agent.secrets: ./token.txt: no room',
    ],
    [
      { event: 'vault_token_renewed', fields: { ttl_seconds: 60 } },
      '[INFO]  agent.auth.handler: renewed auth token: ttl_seconds=60',
    ],
    [
      { module: 'kernel', event: 'application_started', fields: { pid: 7, command: './app' } },
      '[INFO]  agent.exec.server: (child) spawning: ./app: pid=7',
    ],
  ] as const)
    test(expected, () =>
      assert.equal(standardLine(labelOf)(record(given), false), `2026-01-02T03:04:05.678Z ${expected}\n`),
    )

  test('as JSON', () => {
    const line = jsonLogLine(labelOf)(record({ event: 'token_delivered', fields: { path: 't' } }), false)
    assert.deepEqual(JSON.parse(line), {
      '@level': 'info',
      '@message': 'token written',
      '@module': 'agent.sink.file',
      '@timestamp': '2026-01-02T03:04:05.678Z',
      path: 't',
    })
  })
})
