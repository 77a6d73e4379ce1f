import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compilePattern } from '../../../../kernel/pattern.ts'
import { recordsOf } from '../../lines-fake.ts'
import { processorOf } from '../../processor-fake.ts'
import { compileGrok } from './grok.ts'
import { GROK_PATTERNS } from './patterns.ts'

/** What a pattern of the set matches as a whole, and what it does not. */
const matches: Partial<Record<string, { readonly yes: string[]; readonly no?: string[] }>> = {
  WORD: { yes: ['abc_1'], no: ['a b', ''] },
  NOTSPACE: { yes: ['a-b'], no: ['a b'] },
  QUOTEDSTRING: { yes: ['"a \\" b"', "'x'"], no: ['"a', '"a"b"'] },
  INT: { yes: ['-12', '+3'], no: ['1.2'] },
  NUMBER: { yes: ['1', '-1.5', '.5', '1e9'], no: ['x', '1.2.3'] },
  BASE16NUM: { yes: ['0xfF', '1a'], no: ['0xg'] },
  BOOLEAN: { yes: ['TRUE', 'false'], no: ['yes'] },
  EMAILADDRESS: { yes: ['a.b+c@example.org'], no: ['a@', 'a b@c'] },
  UUID: { yes: ['123e4567-e89b-12d3-a456-426614174000'], no: ['123e4567'] },
  JAVACLASS: { yes: ['com.example.Main$Inner'], no: ['1a'] },
  LOGLEVEL: { yes: ['WARN', 'info', 'Critical'], no: ['loud'] },
  MAC: { yes: ['00:1b:44:11:3a:b7', '001b.4411.3ab7'], no: ['00:1b'] },
  IPV4: { yes: ['10.0.0.255'], no: ['10.0.0.256', '1.2.3'] },
  IPV6: { yes: ['::1', 'fe80::1', '2001:db8:0:0:0:0:0:1', '::ffff:10.0.0.1'], no: ['10:20:30', '1'] },
  IP: { yes: ['::1', '10.0.0.1'], no: ['host'] },
  HOSTNAME: { yes: ['a-1.example.org'], no: ['-a'] },
  HOSTPORT: { yes: ['example.org:80', '10.0.0.1:8080'], no: ['example.org'] },
  UNIXPATH: { yes: ['/var/log/a.log', '/'], no: ['var'] },
  WINPATH: { yes: ['C:\\Program Files\\a.exe'], no: ['/a'] },
  URI: { yes: ['https://joe:x@example.org:8443/a/b?c=d&e'], no: ['/a'] },
  MONTH: { yes: ['Jan', 'september'], no: ['Foo'] },
  TIME: { yes: ['23:59:60', '01:02:03,456', '1:02'], no: ['25:00:00'] },
  DATE: { yes: ['12/31/2026', '31.12.2026'], no: ['2026'] },
  TIMESTAMP_ISO8601: {
    yes: ['2026-01-02T03:04:05.678+02:00', '2026-01-02 03:04:05,678', '2026-01-02T03:04Z'],
    no: ['2026-13-02T03:04:05Z'],
  },
  HTTPDATE: { yes: ['02/Jan/2026:03:04:05 +0100'], no: ['02/Jan/2026'] },
  SYSLOGTIMESTAMP: { yes: ['Jan  2 03:04:05', 'Oct 11 22:14:15'], no: ['2 Jan'] },
  GREEDYMULTILINE: { yes: ['a\nb'] },
}

const records: [
  pattern: string,
  patterns: Record<string, string>,
  line: string,
  record: object | undefined,
][] = [
  [
    '%{IP:client.ip} %{WORD:method} %{NUMBER:n:int} %{NUMBER:x:float} (?<rest>.*)',
    {},
    '10.0.0.1 GET 12 1.5 x y',
    { 'client.ip': '10.0.0.1', method: 'GET', n: 12, x: 1.5, rest: 'x y' },
  ],
  ['(?:%{INT:a:int}|%{WORD:a})!', {}, 'x!', { a: 'x' }],
  ['%{WORD:a} %{WORD:a}', {}, 'x y', { a: 'x' }],
  ['%{ORDER:order} %{WORD}', { ORDER: 'o-%{HEX}{4}', HEX: '\\h' }, 'o-12ab paid', { order: 'o-12ab' }],
  ['^%{WORD:a}$', { WORD: '\\d+' }, '12', { a: '12' }],
  [
    '%{COMBINEDAPACHELOG}',
    {},
    '10.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "-" "x (y)"',
    {
      client: '10.0.0.1',
      ident: '-',
      user: 'frank',
      timestamp: '10/Oct/2000:13:55:36 -0700',
      method: 'GET',
      path: '/a.gif',
      http_version: '1.0',
      status: 200,
      bytes: 2326,
      referrer: '"-"',
      user_agent: '"x (y)"',
    },
  ],
  [
    '%{SYSLOGLINE}',
    {},
    'Jan  2 03:04:05 host su[12]: hello: you',
    { timestamp: 'Jan  2 03:04:05', host: 'host', program: 'su', pid: 12, message: 'hello: you' },
  ],
  ['%{INT:a}', {}, 'x', undefined],
]

const problems: [pattern: string, patterns: Record<string, string>, problem: RegExp][] = [
  ['%{NOPE:a}', {}, /%\{NOPE\} is not known/],
  ['%{toString:a}', {}, /is not known/],
  ['%{A:a}', { A: 'x%{B}', B: '%{A}' }, /A → B → A contains itself/],
  ['%{WORD:a:date}', {}, /the type date of %\{WORD:a:date\} is not known/],
  ['%{WORD}', {}, /names no field/],
  ['%{A:a}', { A: '(?>x)' }, /an atomic group/],
  [
    '%{A:a}',
    Object.fromEntries(
      [...'ABCDEFGHI'].map((name, i) => [name, i === 8 ? 'x' : `%{${'ABCDEFGHI'[i + 1]}}`.repeat(9)]),
    ),
    /longer than 65536 characters/,
  ],
]

describe('grok', () => {
  for (const [name, { yes, no = [] }] of Object.entries(matches) as [
    string,
    { yes: string[]; no?: string[] },
  ][]) {
    it(`%{${name}} matches ${yes.join(', ')}`, () => {
      const grok = compileGrok(`\\A%{${name}:x}\\z`, {})
      assert.ok('pattern' in grok, JSON.stringify(grok))
      const pattern = compilePattern(grok.pattern, grok.flags)
      assert.ok('regex' in pattern, JSON.stringify(pattern))
      for (const text of yes) assert.ok(pattern.regex.test(text), text)
      for (const text of no) assert.ok(!pattern.regex.test(text), text)
    })
  }

  it('has no pattern that could not be used', () => {
    for (const name of Object.keys(GROK_PATTERNS)) {
      const grok = compileGrok(`%{${name}:x}`, {})
      assert.ok('pattern' in grok, `${name}: ${JSON.stringify(grok)}`)
      assert.ok('regex' in compilePattern(grok.pattern, grok.flags), name)
    }
  })

  for (const [pattern, patterns, line, record] of records) {
    it(`${pattern} reads ${line}`, () => {
      const [text] = recordsOf(processorOf({ format: 'grok', pattern, patterns }).process(line))
      assert.deepEqual(
        JSON.parse(text),
        record ?? { message: line, parse_error: 'the pattern does not match' },
      )
    })
  }

  for (const [pattern, patterns, problem] of problems) {
    it(`${pattern} with ${Object.keys(patterns).join(', ') || 'nothing'} is a problem`, () => {
      const grok = compileGrok(pattern, patterns)
      assert.ok('problem' in grok)
      assert.match(grok.problem, problem)
    })
  }
})
