import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { JoiningBed } from './bed.fake.ts'

const DATED = { start: { pattern: '^\\d' } }
const JAVA = { builtin: 'java' }

suite('joining', () => {
  const kinds: readonly [string, object, string, readonly string[]][] = [
    ['a start', DATED, '1 a\n b\n2 c\n', ['1 a\n b', '2 c']],
    ['a start, lines before the first', DATED, 'x\ny\n1 a\n', ['x\ny', '1 a']],
    ['a start, empty lines inside and behind', DATED, '1 a\n\n\n b\n\n2 c\n', ['1 a\n\n\n b', '2 c']],
    [
      'a start that is an empty line',
      { start: { pattern: '^$' } },
      '\na\nb\n\nc\n\n\nd\n',
      ['a\nb', 'c', 'd'],
    ],
    ['an end that is an empty line', { end: { equals: '' } }, 'a\nb\n\n\nc\n', ['a\nb', 'c']],
    ['a start, negated', { start: { pattern: '^\\s', negate: true } }, 'a\n b\nc\n', ['a\n b', 'c']],
    ['a continuation', { continuation: { pattern: '^[\\s}]' } }, 'a {\n b\n}\nc\n', ['a {\n b\n}', 'c']],
    ['an end', { end: { pattern: ';$' } }, 'a\nb;\nc;\n', ['a\nb;', 'c;']],
    ['an end by its text', { end: { endsWith: '.' } }, 'a\nb.\nc.\n', ['a\nb.', 'c.']],
    [
      'an end that equals',
      { end: { equals: 'END', separator: '|' } },
      'a\nEND\nENDS\nEND\n',
      ['a|END', 'ENDS|END'],
    ],
    [
      'lines that go on in the next',
      { end: { endsWith: '\\', negate: true, separator: '' } },
      'a\\\nb\\\nc\nd\n',
      ['a\\b\\c', 'd'],
    ],
    [
      'states',
      {
        states: {
          rules: [
            { from: ['start_state'], pattern: '^BEGIN', to: 'body' },
            { from: ['body'], pattern: '^END$', to: 'done' },
            { from: ['body'], pattern: '^\\S', to: 'body' },
          ],
        },
      },
      'x\nBEGIN a\nb\nEND\ny\nBEGIN c\n d\n',
      ['x', 'BEGIN a\nb\nEND', 'y', 'BEGIN c', ' d'],
    ],
  ]
  for (const [name, rule, text, expected] of kinds) {
    test(`by ${name}`, async () => {
      const bed = new JoiningBed({ rules: [rule] })
      await bed.give(text)
      await bed.drain()
      assert.deepEqual(bed.messages, expected)
    })
  }

  test('makes the same records of any lines, however they are cut into reads', async () => {
    const line = fc.constantFrom(
      '1 a',
      ' b',
      '',
      '2',
      'x.Exception: y',
      '\tat z',
      'Caused by: e',
      'plain',
      'ÿ',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 30 }),
        fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
        fc.constantFrom<object[]>([DATED], [JAVA], [JAVA, DATED], [{ end: { pattern: 'a$' } }]),
        async (lines, cuts, rules) => {
          const whole = new JoiningBed({ rules })
          await whole.give(lines.map(text => `${text}\n`).join(''))
          await whole.drain()
          const pieces = new JoiningBed({ rules })
          let text = ''
          for (const [index, one] of lines.entries()) {
            text += `${one}\n`
            if (!cuts[index]) continue
            await pieces.give(text)
            text = ''
          }
          if (text) await pieces.give(text)
          await pieces.drain()
          assert.deepEqual(pieces.records, whole.records)
          // Nothing but empty lines is left out.
          const told = whole.messages.flatMap(message => message?.split('\n') ?? [])
          assert.deepEqual(told.filter(Boolean), lines.filter(Boolean))
        },
      ),
    )
  })

  test('the first rule by which a line begins a record has it', async () => {
    const bed = new JoiningBed({ rules: [JAVA, { continuation: { pattern: '^-' } }] })
    await bed.give('a.BadException: x\n\tat y\n- z\nplain\n- more\n')
    await bed.drain()
    assert.deepEqual(bed.messages, ['a.BadException: x\n\tat y', '- z', 'plain\n- more'])
  })

  test('a format makes its record of the first line, and the rest is added to the text', async () => {
    const format = {
      format: 'regex',
      pattern: '^(?<date>\\S+) (?<level>\\w+) (?<message>.*)$',
      time: { field: 'date' },
    }
    const bed = new JoiningBed({ rules: [{ start: { pattern: '^\\d{4}-' } }] }, format)
    await bed.give('2026-01-02T00:00:00Z ERROR "oops"\n\tat x\n2026-01-03T00:00:00Z INFO fine\n')
    await bed.drain()
    assert.deepEqual(bed.records, [
      '{"date":"2026-01-02T00:00:00Z","level":"ERROR","message":"\\"oops\\"\\n\\tat x"}',
      '{"date":"2026-01-03T00:00:00Z","level":"INFO","message":"fine"}',
    ])
    assert.deepEqual(
      bed.batches.flatMap(({ timesMs, count }) => [...timesMs.subarray(0, count)]),
      [Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)],
    )
    assert.equal(bed.metric('parse_failures_total', { format: 'regex' }) ?? 0, 0)
  })

  test('the text gets a field when the format makes none', async () => {
    const bed = new JoiningBed({ rules: [DATED] }, { format: 'logfmt' })
    await bed.give('1=2\nrest "x"\n')
    await bed.drain()
    assert.deepEqual(bed.records, ['{"1":"2","message":"rest \\"x\\""}'])
  })

  test('a format that reads several lines gets them all', async () => {
    const bed = new JoiningBed({ rules: [{ start: { pattern: '^# Time:' } }] }, { format: 'mysql_slow' })
    const entry = (seconds: number) =>
      `# Time: 2026-01-02T03:04:05.000000Z\n# Query_time: ${seconds}  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 2\nselect\n  1;\n`
    await bed.give(entry(1) + entry(2))
    await bed.drain()
    const records = bed.records.map(record => JSON.parse(record))
    assert.deepEqual(
      records.map(record => [record.parse_error, record.query_time]),
      [
        [undefined, 1],
        [undefined, 2],
      ],
    )
  })

  test('texts that a format decodes stay with their records', async () => {
    const bed = new JoiningBed(
      { rules: [DATED] },
      { format: 'json', decode: [{ field: 'more', as: 'json' }] },
    )
    const line = (message: string, n: number) => `${JSON.stringify({ message, more: `{"n":${n}}` })}\n`
    await bed.give(line('1 a', 1) + line('2 b', 2) + line(' c', 3) + line('4 d', 4))
    await bed.drain()
    assert.deepEqual(
      bed.records.map(record => JSON.parse(record)),
      [
        { message: '1 a', more: { n: 1 } },
        { message: '2 b\n c', more: { n: 2 } },
        { message: '4 d', more: { n: 4 } },
      ],
    )
  })

  test('records of fields keep the fields of the first, and each other apart', async () => {
    const bed = new JoiningBed({ rules: [JAVA], field: 'log.text', groupBy: ['pod'] }, { format: 'json' })
    const line = (pod: string, text: string, n: number) => `${JSON.stringify({ pod, log: { text }, n })}\n`
    await bed.give(
      line('a', 'x.Exception: "1"', 1) +
        line('b', 'y.Error: 2', 2) +
        line('a', '\tat p', 3) +
        line('b', '\tat q', 4),
    )
    await bed.drain()
    assert.deepEqual(bed.records, [
      '{"pod":"a","log":{"text":"x.Exception: \\"1\\"\\n\\tat p"},"n":1}',
      '{"pod":"b","log":{"text":"y.Error: 2\\n\\tat q"},"n":2}',
    ])
  })

  test('the rules may look at another field than the one that is joined', async () => {
    const bed = new JoiningBed(
      { rules: [{ end: { equals: 'last', separator: '' } }], patternField: 'flag' },
      { format: 'json' },
    )
    await bed.give(
      '{"message":"a","flag":"more"}\n{"message":"b","flag":"last"}\n{"message":"c","flag":"last"}\n',
    )
    assert.deepEqual(bed.messages, ['ab', 'c'])
  })
})

suite('parts of long lines', () => {
  const TIME = '2026-01-02T03:04:05Z'
  const cri = (stream: string, flag: string, text: string) => `${TIME} ${stream} ${flag} ${text}\n`
  const docker = (stream: string, log: string) => `${JSON.stringify({ log, stream, time: TIME })}\n`

  const cases: readonly [string, string, string, readonly string[]][] = [
    [
      'cri',
      'are put together',
      cri('stdout', 'P', 'a') + cri('stdout', 'P', 'b') + cri('stdout', 'F', 'c'),
      ['abc'],
    ],
    [
      'cri',
      'of two streams are kept apart',
      cri('stdout', 'P', 'a') + cri('stderr', 'P', 'x') + cri('stdout', 'F', 'b') + cri('stderr', 'F', 'y'),
      ['ab', 'xy'],
    ],
    ['cri', 'that were not begun are a line', cri('stdout', 'F', 'b') + cri('stdout', 'F', 'c'), ['b', 'c']],
    [
      'docker',
      'are put together',
      docker('stdout', 'a') + docker('stdout', 'b\n') + docker('stdout', 'c\n'),
      ['ab', 'c'],
    ],
    [
      'docker',
      'of two streams are kept apart',
      docker('stdout', 'a') + docker('stderr', 'x') + docker('stderr', 'y\n') + docker('stdout', 'b\n'),
      ['xy', 'ab'],
    ],
  ]
  for (const [format, name, text, expected] of cases) {
    test(`${format}: ${name}`, async () => {
      const bed = new JoiningBed({ rules: [{ builtin: format }] }, { format })
      await bed.give(text)
      assert.deepEqual(bed.messages, expected)
      assert.ok(
        bed.records.every(record => !record.includes('partial')),
        bed.records.join(),
      )
    })

    test(`${format}, a line at a time: ${name}`, async () => {
      const bed = new JoiningBed({ rules: [{ builtin: format }] }, { format })
      for (const line of text.trimEnd().split('\n')) await bed.give(`${line}\n`)
      assert.deepEqual(bed.messages, expected)
    })
  }

  test('container: parts of either runtime', async () => {
    const bed = new JoiningBed(
      { rules: [{ builtin: 'docker' }, { builtin: 'cri' }] },
      { format: 'container' },
    )
    await bed.give(cri('stdout', 'P', 'a') + cri('stdout', 'F', 'b'))
    await bed.give(docker('stderr', 'c') + docker('stderr', 'd\n'), {}, '/docker')
    await bed.give('neither\n', {}, '/other')
    assert.deepEqual(bed.messages, ['ab', 'cd', 'neither'])
    assert.equal(bed.metric('parse_failures_total', { format: 'container' }), 1)
  })

  test('lines of a trace are joined although some of them come in parts, and the streams interleave', async () => {
    const bed = new JoiningBed({ rules: [{ builtin: 'cri' }, JAVA] }, { format: 'cri' })
    await bed.give(
      cri('stderr', 'P', 'a.BadException: ') +
        cri('stdout', 'F', 'request 1') +
        cri('stderr', 'F', 'very long') +
        cri('stderr', 'F', '\tat x') +
        cri('stdout', 'F', 'request 2') +
        cri('stderr', 'P', '\tat ') +
        cri('stderr', 'F', 'y') +
        cri('stderr', 'F', 'done'),
    )
    assert.deepEqual(bed.messages, [
      'request 1',
      'request 2',
      'a.BadException: very long\n\tat x\n\tat y',
      'done',
    ])
  })

  test('a part whose rest does not come goes out marked', async () => {
    const bed = new JoiningBed({ rules: [{ builtin: 'cri' }], flushAfter: '2s' }, { format: 'cri' })
    await bed.give(cri('stdout', 'P', 'a'))
    await bed.pass(2500)
    assert.deepEqual(bed.records, [`{"message":"a","stream":"stdout","time":"${TIME}","partial":true}`])
    assert.equal(bed.metric('multiline_partial_records_total', { reason: 'timeout' }), 1)
  })
})

suite('what is open', () => {
  test('goes out after a time, marked when it has several lines, and so does what comes late', async () => {
    const bed = new JoiningBed({ rules: [JAVA], flushAfter: '2s' })
    await bed.give('a.BadException: x\n\tat y\n')
    await bed.pass(1900)
    assert.deepEqual(bed.records, [])
    await bed.pass(200)
    assert.deepEqual(bed.records, ['{"message":"a.BadException: x\\n\\tat y","partial":true}'])
    await bed.give('\tat late\n\tat later\nnext\n')
    assert.deepEqual(bed.records.slice(1), [
      '{"message":"\\tat late\\n\\tat later","partial":true}',
      '{"message":"next"}',
    ])
    assert.equal(bed.metric('multiline_partial_records_total', { reason: 'timeout' }), 1)
  })

  test('is not marked when it is one line that may stand alone', async () => {
    const bed = new JoiningBed({ rules: [DATED], flushAfter: '2s' })
    await bed.give('1 a\n')
    await bed.pass(2500)
    assert.deepEqual(bed.records, ['{"message":"1 a"}'])
    assert.equal(bed.metric('multiline_partial_records_total', { reason: 'timeout' }), undefined)
  })

  test('waits as long as its file has more to read', async () => {
    const bed = new JoiningBed({ rules: [DATED], flushAfter: '2s' })
    await bed.give('1 a\n', { more: true })
    await bed.pass(60_000)
    assert.deepEqual(bed.records, [])
    await bed.give(' b\n')
    await bed.pass(3000)
    assert.deepEqual(bed.messages, ['1 a\n b'])
  })

  test('holds the position before its first line, and no longer than it is open', async () => {
    const bed = new JoiningBed({ rules: [DATED] })
    await bed.give('1 a\n2 b\n')
    assert.equal(bed.offset(), 4)
    assert.equal(bed.joining.joiner.heldAt('key of /var/log/test.log'), 4)
    await bed.give(' c\n')
    assert.equal(bed.offset(), 4)
    await bed.give('3 d\n')
    assert.deepEqual([bed.offset(), bed.messages], [11, ['1 a', '2 b\n c']])
    await bed.drain()
    assert.equal(bed.offset(), 15)
    assert.equal(bed.joining.joiner.heldAt('key of /var/log/test.log'), undefined)
  })

  test('holds the position before the first of several streams', async () => {
    const bed = new JoiningBed({ rules: [{ builtin: 'cri' }] }, { format: 'cri' })
    const line = (stream: string, flag: string) => `2026-01-02T03:04:05Z ${stream} ${flag} x\n`
    const bytes = line('stdout', 'P').length
    await bed.give(line('stderr', 'F') + line('stdout', 'P') + line('stderr', 'P') + line('stderr', 'F'))
    assert.equal(bed.offset(), bytes)
    await bed.give(line('stderr', 'P') + line('stdout', 'F'))
    assert.equal(bed.offset(), 4 * bytes)
  })

  test('comes again from its first line when the sink refuses', async () => {
    const bed = new JoiningBed({ rules: [DATED] })
    await bed.give('1 a\n b\n')
    bed.refuse(1)
    await assert.rejects(bed.give(' c\n2 d\n'))
    assert.equal(bed.joining.joiner.heldAt('key of /var/log/test.log'), 0)
    // Lines behind the lost ones are not taken in their place.
    await assert.rejects(bed.give('3 e\n'), /from byte 0/)
    bed.rewind(0)
    await bed.give('1 a\n b\n c\n2 d\n')
    await bed.drain()
    assert.deepEqual(bed.messages, ['1 a\n b\n c', '2 d'])
  })

  test('ends with the content of its file', async () => {
    const bed = new JoiningBed({ rules: [DATED] })
    await bed.give('1 a\n b\n')
    await bed.give(' not of it\n2 c\n', { begins: true })
    await bed.drain()
    assert.deepEqual(bed.messages, ['1 a\n b', ' not of it', '2 c'])
    assert.equal(bed.offset(), 15)
  })

  test('is kept apart by file and by connection', async () => {
    const bed = new JoiningBed({ rules: [DATED] })
    await bed.give('1 a\n', {}, '/a')
    await bed.give('1 b\n', {}, '/b')
    await bed.give(' of a\n', {}, '/a')
    await bed.give(' of b\n', {}, '/b')
    const origin = { input: 'test', path: 'peer', tag: 'test' }
    await bed.give('1 c\n', { source: 'connection 1', origin, mayWait: true })
    await bed.give('1 d\n', { source: 'connection 2', origin, mayWait: true })
    await bed.give(' of c\n', { source: 'connection 1', origin, mayWait: true })
    await bed.drain()
    assert.deepEqual(new Set(bed.messages), new Set(['1 a\n of a', '1 b\n of b', '1 c\n of c', '1 d']))
  })

  test('does not outlast the call when the sender is told that the lines are safe', async () => {
    const bed = new JoiningBed({ rules: [DATED] })
    await bed.give('1 a\n b\n', { origin: { input: 'test', path: 'request', tag: 'test' } })
    assert.deepEqual(bed.messages, ['1 a\n b'])
  })

  const limits: readonly [string, object, number, string, readonly string[]][] = [
    ['max_lines', { maxLines: 2 }, 1 << 20, '1 a\n b\n c\n d\n e\n2 f\n', ['1 a\n b', ' c\n d', ' e', '2 f']],
    [
      'max_bytes',
      { maxRecord: '1KiB' },
      1 << 20,
      `1 a\n ${'b'.repeat(900)}\n ${'c'.repeat(200)}\n2 d\n`,
      [`1 a\n ${'b'.repeat(900)}`, ` ${'c'.repeat(200)}`, '2 d'],
    ],
    [
      'memory',
      {},
      100,
      `1 a\n ${'b'.repeat(80)}\n ${'c'.repeat(80)}\n2 d\n`,
      [`1 a\n ${'b'.repeat(80)}`, ` ${'c'.repeat(80)}`, '2 d'],
    ],
  ]
  for (const [reason, options, memoryBytes, text, expected] of limits) {
    test(`is cut at ${reason}, and its pieces are marked and counted`, async () => {
      const bed = new JoiningBed({ rules: [DATED], ...options }, { format: 'raw' }, memoryBytes)
      await bed.give(text)
      await bed.drain()
      assert.deepEqual(bed.messages, expected)
      const marked = bed.records.map(record => JSON.parse(record).partial === true)
      assert.deepEqual(
        marked,
        expected.map((_, index) => index < expected.length - 1),
      )
      assert.equal(bed.metric('multiline_partial_records_total', { reason }), expected.length - 2)
    })
  }

  test('gives way to the pieces of a line that was too long', async () => {
    const bed = new JoiningBed({ rules: [DATED] })
    await bed.give('1 a\n b\n22\n33\n4 c\n', { pieces: Uint8Array.from([0, 0, 1, 1, 0]) })
    await bed.drain()
    assert.deepEqual(bed.records, [
      '{"message":"1 a\\n b"}',
      '{"message":"22","line_split":true}',
      '{"message":"33","line_split":true}',
      '{"message":"4 c"}',
    ])
  })

  test('keeps bytes that are not UTF-8 as they are', async () => {
    const bed = new JoiningBed({ rules: [DATED] })
    await bed.give('1 \xff\n \xfe\n')
    await bed.drain()
    assert.deepEqual(bed.records, ['{"message":"1 \xff\\n \xfe"}'])
  })
})
