import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordLine } from './record-line.ts'

const TIME = Date.UTC(2026, 0, 31, 12, 30, 1, 5)
const STAMP = '2026-01-31T12:30:01.005Z'

test('a record becomes time, level, message and the other fields', () => {
  const cases: [record: string, line: string][] = [
    ['{"level":"warn","message":"low on disk","free":12}', 'WARN  low on disk free=12'],
    ['{"level":30,"msg":"pino","pid":7,"time":1}', 'INFO  pino pid=7'],
    ['{"severity":"CRITICAL","log":"it broke"}', 'FATAL it broke'],
    ['{"method":"GET","path":"/a","status":200,"ms":1.5}', 'INFO  GET /a 200 ms=1.5'],
    ['{"method":"GET","path":"/a","status":404}', 'WARN  GET /a 404'],
    ['{"status":503,"message":"upstream is away"}', 'ERROR upstream is away status=503'],
    [
      '{"message":"text","name":"two words","empty":"","nested":{"a":[1]}}',
      '      text name="two words" empty="" nested={"a":[1]}',
    ],
    ['{"message":"first\\nsecond","level":"error"}', 'ERROR first\n    second'],
    ['{"message":{"not":"text"}}', '      message={"not":"text"}'],
    ['not JSON', 'not JSON'],
  ]
  for (const [record, line] of cases)
    assert.equal(recordLine(Buffer.from(record), TIME, false), `${STAMP} ${line}\n`, record)
})

test('nothing in a record reaches the terminal as a command', () => {
  const hostile = {
    message: 'a\u001b[2Jb\u0007\u009b1m\r',
    level: '\u001b[31m',
    'k\u001b]0;x\u0007': '\u001b[H',
  }
  const line = recordLine(Buffer.from(JSON.stringify(hostile)), TIME, false)
  assert.doesNotMatch(line.slice(0, -1), /[\u0000-\u001f\u007f-\u009f]/)
})

test('colours are only there when they are wanted', () => {
  const record = Buffer.from('{"level":"error","message":"x","n":1}')
  assert.match(recordLine(record, TIME, true), /\u001b\[31mERROR\u001b\[0m/)
  assert.doesNotMatch(recordLine(record, TIME, false), /\u001b/)
})
