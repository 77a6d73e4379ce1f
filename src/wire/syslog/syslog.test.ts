import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SyslogMessage } from './message.ts'
import { readStructuredData } from './structured-data.ts'

const NOW = Date.UTC(2026, 5, 15)

/** What is in a message, in latin1; parts that it does not have are left out. */
function read(text: string, syslog = new SyslogMessage()): Record<string, unknown> | string {
  const bytes = Buffer.from(`\0${text}\0`, 'latin1')
  if (!syslog.parse(bytes, 1, bytes.length - 1, NOW))
    return `expected ${syslog.error} at ${syslog.errorAt - 1}`
  const found: Record<string, unknown> = {}
  if (syslog.priority >= 0) found.priority = syslog.priority
  if (!Number.isNaN(syslog.timeMs)) found.time = new Date(syslog.timeMs).toISOString()
  for (const part of ['hostname', 'appname', 'procid', 'msgid', 'message'] as const) {
    const { start, end } = syslog[part]
    if (start !== end) found[part] = bytes.toString('latin1', start, end)
  }
  const { start, end } = syslog.structuredData
  if (start !== end) {
    const data = readStructuredData(bytes, start, end)
    found.structuredData = Object.fromEntries(
      [...data].map(([id, params]) => [id, Object.fromEntries(params)]),
    )
  }
  return found
}

const readable: [title: string, text: string, found: Record<string, unknown>][] = [
  [
    'example 1 of RFC 5424',
    "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed for lonvick",
    {
      priority: 34,
      time: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      appname: 'su',
      msgid: 'ID47',
      message: "'su root' failed for lonvick",
    },
  ],
  [
    'example 3 of RFC 5424, with structured data',
    '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application"][x] An application',
    {
      priority: 165,
      time: '2003-08-24T12:14:15.000Z',
      hostname: '192.0.2.1',
      appname: 'evntslog',
      msgid: 'ID47',
      message: 'An application',
      structuredData: { 'exampleSDID@32473': { iut: ['3'], eventSource: ['Application'] }, x: {} },
    },
  ],
  [
    'escapes in structured data, and a parameter that comes twice',
    '<0>1 - - - - - [origin ip="10.0.0.1" ip="a\\"b\\]\\\\c\\d ="]',
    { priority: 0, structuredData: { origin: { ip: ['10.0.0.1', 'a"b]\\c\\d ='] } } },
  ],
  ['nil values, and no message', '<13>1 - - - - - -', { priority: 13 }],
  ['a message of blanks', '<13>1 - - - - - -  x ', { priority: 13, message: ' x ' }],
  [
    'RFC 3164',
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    {
      priority: 34,
      time: '2025-10-11T22:14:15.000Z',
      hostname: 'mymachine',
      appname: 'su',
      message: "'su root' failed for lonvick on /dev/pts/8",
    },
  ],
  [
    'a process id, a day of one digit, a line feed behind it',
    '<30>Jun  5 01:02:03 web-1 /usr/sbin/cron[412]: done\n',
    {
      priority: 30,
      time: '2026-06-05T01:02:03.000Z',
      hostname: 'web-1',
      appname: '/usr/sbin/cron',
      procid: '412',
      message: 'done',
    },
  ],
  [
    'no host name',
    '<13>Jun  5 01:02:03 app[1]: x',
    { priority: 13, time: '2026-06-05T01:02:03.000Z', appname: 'app', procid: '1', message: 'x' },
  ],
  [
    'a year and a fraction',
    '<13>Jun 05 2024 01:02:03.456: h %ASA-6-1: x',
    {
      priority: 13,
      time: '2024-06-05T01:02:03.456Z',
      hostname: 'h',
      appname: '%ASA-6-1',
      message: 'x',
    },
  ],
  [
    'an ISO time without a priority, as rsyslog writes files',
    '2026-01-02T03:04:05.678901+01:00 host systemd[1]: Started x.',
    {
      time: '2026-01-02T02:04:05.678Z',
      hostname: 'host',
      appname: 'systemd',
      procid: '1',
      message: 'Started x.',
    },
  ],
  ['a priority and text', '<13>hello world', { priority: 13, message: 'hello world' }],
  ['a priority and a tag', '<13>app: hello', { priority: 13, appname: 'app', message: 'hello' }],
  ['nothing but a priority', '<13>', { priority: 13 }],
  ['what looks like version 1 but has no time', '<13>1 apple', { priority: 13, message: '1 apple' }],
  ['a date that is none', '<13>Jun 31 01:02:03 h x', { priority: 13, message: 'Jun 31 01:02:03 h x' }],
  ['bytes that are not UTF-8', '<13>\xff\xfe', { priority: 13, message: '\xff\xfe' }],
]

const refused: [text: string, why: string][] = [
  ['', 'expected <priority> or a time at 0'],
  ['hello', 'expected <priority> or a time at 0'],
  ['<192>x', 'expected a priority from <0> to <191> at 0'],
  ['<>x', 'expected a priority from <0> to <191> at 0'],
  ['<1234>x', 'expected a priority from <0> to <191> at 0'],
  ['<13', 'expected a priority from <0> to <191> at 0'],
  ['<13>1 - host app', 'expected host name, app name, process id and message id at 16'],
  ['<13>1 -  app', 'expected a word or "-" at 8'],
  ['<13>1 - - - - -', 'expected structured data or "-" at 15'],
  ['<13>1 - - - - - x', 'expected structured data or "-" at 16'],
  ['<13>1 - - - - - [', 'expected the name of an element at 17'],
  ['<13>1 - - - - - [a', 'expected "]" at 18'],
  ['<13>1 - - - - - [a b=c]', 'expected name="value" at 20'],
  ['<13>1 - - - - - [a b="c\\"]', 'expected a closing quote at 26'],
  ['<13>1 - - - - - -x', 'expected a blank before the message at 17'],
]

describe('a syslog message', () => {
  for (const [title, text, found] of readable) {
    it(`is read: ${title}`, () => assert.deepEqual(read(text), found))
  }

  for (const [text, why] of refused) {
    it(`${JSON.stringify(text)} is refused`, () => assert.equal(read(text), why))
  }

  it('takes times that name no zone in the given one', () => {
    const { time } = read('<13>Jun  5 01:02:03 h x', new SyslogMessage(120)) as { time: string }
    assert.equal(time, '2026-06-04T23:02:03.000Z')
  })

  it('is read without an exception whatever the bytes are, and its parts lie in them in order', () => {
    const piece = fc.constantFrom(
      '<13>',
      '1 ',
      '- ',
      'Jun  5 01:02:03 ',
      '[a b="',
      '"]',
      '\\',
      'app[1]: ',
      ' ',
      'x',
      '\0',
      '\xff',
      '\n',
    )
    const text = fc.oneof(
      fc.array(piece).map(pieces => pieces.join('')),
      fc.string({ unit: 'binary-ascii' }),
    )
    const syslog = new SyslogMessage()
    const property = fc.property(text, text => {
      const found = read(text, syslog)
      if (typeof found === 'string') return
      const { time, hostname, appname, procid, msgid, structuredData, message } = syslog
      let at = 1
      for (const { start, end } of [time, hostname, appname, procid, msgid, structuredData, message]) {
        if (start === end) continue
        assert.ok(start >= at && end > start && end <= text.length + 1)
        at = end
      }
    })
    fc.assert(property, { numRuns: 2000 })
  })
})
