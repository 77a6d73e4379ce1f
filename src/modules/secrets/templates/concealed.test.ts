import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../wire/gotemplate/value.ts'
import { JsonNumber } from '../../../wire/json/lossless.ts'
import { concealed } from './concealed.ts'

const password = 'hunter2 "and" more/so'
const rows: [string, string, Value, string][] = [
  ['as it is', `no ${password}!`, password, 'no [redacted]!'],
  ['as JSON', `no ${JSON.stringify(password)}`, password, 'no "[redacted]"'],
  ['as base64', `no ${Buffer.from(password).toString('base64')}`, password, 'no [redacted]'],
  ['in hexadecimal digits', `no ${Buffer.from(password).toString('hex')}`, password, 'no [redacted]'],
  ['in a URL', `no ?p=${encodeURIComponent(password)}`, password, 'no ?p=[redacted]'],
  [
    'deep in lists and maps',
    'no hunter2',
    new Map([['a', [null, new Map([['b', 'hunter2']])]]]),
    'no [redacted]',
  ],
  ['a number with its own text', 'no 1234567890.50', new JsonNumber('1234567890.50'), 'no [redacted]'],
  ['bytes', 'no hunter2', Buffer.from('hunter2'), 'no [redacted]'],
  ['a line of several', 'no line two, no', 'line one\nline two\n', 'no [redacted], no'],
  ['a short one as a word only', 'no ab, about ab', 'ab', 'no [redacted], about [redacted]'],
  ['a short number as a word only', 'no 1000, above 10000', '1000', 'no [redacted], above 10000'],
  ['the longer of two', 'no hunter22', ['hunter2', 'hunter22'], 'no [redacted]'],
  ['none that is empty', 'no value', ['', null, undefined, new Map()], 'no value'],
]
for (const [name, message, value, expected] of rows)
  test(`a message shows no value of a secret: ${name}`, () =>
    assert.equal(concealed(message, [value]), expected))

test('where a template failed stays as it was', () =>
  assert.equal(
    concealed('app.tpl:1:2: executing "app.tpl" at <fail>: error calling fail: no app here', ['app']),
    'app.tpl:1:2: executing "app.tpl" at <fail>: error calling fail: no [redacted] here',
  ))
