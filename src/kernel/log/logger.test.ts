import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeClock } from '../clock/fake.ts'
import { Secret } from '../config/schema.ts'
import { jsonLine, textLine } from './format.ts'
import type { Level } from './log.ts'
import { Logger } from './logger.ts'

function setUp(level: Level = 'info') {
  const written: string[] = []
  const clock = new FakeClock()
  const logger = new Logger({ write: line => written.push(line), format: jsonLine, clock, level })
  return {
    logger,
    clock,
    log: logger.for('logs'),
    records: () => written.map(line => JSON.parse(line)) as Record<string, unknown>[],
    written,
  }
}

test('a message is one JSON object on one line', () => {
  const { log, written } = setUp()
  log.warn('file_gone', 'the file\nis gone', { path: '/a', bytes: 3 })
  assert.deepEqual(written, [
    '{"time":"2026-01-01T00:00:00.000Z","level":"warn","module":"logs","event":"file_gone","message":"the file\\nis gone","path":"/a","bytes":3}\n',
  ])
})

test('the level may be changed while it runs', () => {
  const { log, logger, records } = setUp()
  log.debug('one', '')
  logger.level = 'debug'
  log.debug('two', '')
  logger.level = 'error'
  log.warn('three', '')
  log.error('four', '')
  assert.deepEqual(
    records().map(({ event }) => event),
    ['two', 'four'],
  )
})

describe('fields', () => {
  const circular: Record<string, unknown> = { name: 'x' }
  circular['self'] = circular
  const cases: [what: string, value: unknown, shown: unknown][] = [
    [
      'an error with its code, without its stack',
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
      { message: 'refused', code: 'ECONNREFUSED' },
    ],
    [
      'an error with what caused it',
      new Error('cannot ship', { cause: new Error('no route') }),
      { message: 'cannot ship: no route' },
    ],
    [
      'an error that says its cause itself, once',
      new Error('cannot ship: no route', { cause: new Error('no route') }),
      { message: 'cannot ship: no route' },
    ],
    [
      'an error whose parts say what it does not',
      new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')], ''),
      { message: '::1 refused; 127.0.0.1 refused' },
    ],
    ['a secret redacted', { password: new Secret('hunter2') }, { password: '<redacted>' }],
    ['a circle', circular, { name: 'x', self: '<circular>' }],
    ['a big integer', 2n ** 64n, '18446744073709551616'],
    ['not a number', Number.NaN, 'NaN'],
    ['bytes as text', Buffer.from('abc'), 'abc'],
    ['a map', new Map([['a', 1]]), { a: 1 }],
    [
      'something that throws',
      {
        get a() {
          throw new Error('no')
        },
      },
      '<unprintable: Error: no>',
    ],
  ]
  for (const [what, value, shown] of cases) {
    test(`show ${what}`, () => {
      const { log, records } = setUp()
      log.info('event', 'message', { value })
      assert.deepEqual(records()[0]!['value'], shown)
    })
  }

  test('show the stack of an error at level debug', () => {
    const { log, records } = setUp('debug')
    log.error('event', '', { error: new Error('x') })
    assert.match((records()[0]!['error'] as { stack: string }).stack, /logger\.test/)
  })

  test('never hide what every message has', () => {
    const { log, records } = setUp()
    log.info('event', 'message', { level: 'fatal', nothing: undefined })
    assert.deepEqual(Object.entries(records()[0]!).slice(1), [
      ['level', 'info'],
      ['module', 'logs'],
      ['event', 'event'],
      ['message', 'message'],
      ['field_level', 'fatal'],
    ])
  })
})

describe('repeated messages', () => {
  test('are held back after the first ten of ten seconds, and told of afterwards', () => {
    const { log, clock, records, logger } = setUp()
    const counted: boolean[] = []
    logger.onRecord = (_, suppressed) => counted.push(suppressed)
    for (let i = 0; i < 25; i++) log.warn('refused', `try ${i}`)
    log.warn('other', '')
    assert.equal(records().length, 11)
    clock.advance(10_000)
    const last = records().at(-1)!
    assert.deepEqual(
      [last['event'], last['suppressed_event'], last['suppressed'], last['level']],
      ['messages_suppressed', 'refused', 15, 'warn'],
    )
    assert.match(String(last['message']), /^15 more messages refused within 10 s.*try 24$/)
    assert.equal(counted.filter(Boolean).length, 15)
    log.warn('refused', 'anew')
    assert.equal(records().at(-1)!['message'], 'anew')
  })

  test('are not held back at level debug, nor when they are few', () => {
    const { log, clock, records } = setUp('debug')
    for (let i = 0; i < 30; i++) log.debug('step', '')
    for (let i = 0; i < 10; i++) log.info('few', '')
    clock.advance(20_000)
    assert.equal(records().length, 40)
    assert.equal(clock.pending, 0)
  })

  test('are told of at the end of the process', () => {
    const { log, logger, records } = setUp()
    for (let i = 0; i < 12; i++) log.info('x', '')
    logger.flush()
    assert.equal(records().at(-1)!['suppressed'], 2)
  })
})

describe('in a terminal', () => {
  const record = {
    timeMs: 0,
    level: 'error' as const,
    module: 'logs',
    event: 'gone',
    message: 'a\u001b[2Jb',
    fields: { path: '/a b', n: 1 },
  }
  test('a line is for reading, and control characters are shown, not obeyed', () => {
    assert.equal(
      textLine(false)(record, false),
      '00:00:00.000 error logs     a\\u001b[2Jb  gone path="/a b" n=1\n',
    )
  })
  test('colours follow the level', () => {
    assert.ok(textLine(true)(record, false).includes('\u001b[31merror\u001b[0m'))
  })
})

test('an account of decisions is written whole, however many there are', () => {
  const { log, records } = setUp()
  for (let i = 0; i < 100; i++) log.audit('decided', `decision ${i}`)
  assert.equal(records().length, 100)
  assert.equal(records()[99]!['level'], 'info')
})
