import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { s } from '../../../../kernel/config/schema.ts'
import { deadlineIn } from '../../../../kernel/lifecycle/deadline.ts'
import type { KnownPosition } from '../input.ts'
import { fakeInputHost } from '../input-fakes.ts'
import { journaldFields } from './config.ts'
import { ExportReader } from './export.ts'
import { startJournald } from './journald.ts'

const schema = s.object(journaldFields, { about: 'journald' })

/** An entry as journalctl writes it; values with line feeds, and buffers, in the binary form. */
function entryOf(fields: Readonly<Record<string, string | Buffer>>): Buffer {
  const pieces = Object.entries(fields).map(([name, value]) => {
    const bytes = Buffer.from(value as string)
    if (!bytes.includes(10) && typeof value === 'string')
      return Buffer.concat([Buffer.from(`${name}=`), bytes, Buffer.from('\n')])
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(bytes.length))
    return Buffer.concat([Buffer.from(`${name}\n`), size, bytes, Buffer.from('\n')])
  })
  return Buffer.concat([...pieces, Buffer.from('\n')])
}

function read(bytes: Buffer, cuts: readonly number[] = [], names: 'plain' | 'journal' = 'plain') {
  const entries: { text: string; timeMs: number; cursor: string; unit: string }[] = []
  const reader = new ExportReader({
    names,
    maxValueBytes: 1024,
    onEntry: ({ out, ...more }) =>
      entries.push({ text: out.bytes.toString('latin1', 0, out.length), ...more }),
  })
  let at = 0
  for (const cut of [...cuts, bytes.length]) {
    reader.take(bytes.subarray(at, cut))
    at = cut
  }
  return entries
}

const ENTRY = entryOf({
  __CURSOR: 's=1;i=2',
  __REALTIME_TIMESTAMP: '1767225600000500',
  __MONOTONIC_TIMESTAMP: '5',
  _SYSTEMD_UNIT: 'nginx.service',
  MESSAGE: 'two\nlines',
  PRIORITY: '6',
  BLOB: Buffer.of(0xff, 0, 0x0a),
})

describe('an entry of the journal', () => {
  it('becomes a record with its time, cursor and unit', () => {
    assert.deepEqual(read(ENTRY), [
      {
        text: '{"systemd_unit":"nginx.service","message":"two\\nlines","priority":"6","blob":"\xff\\u0000\\n"}',
        timeMs: 1_767_225_600_000.5,
        cursor: 's=1;i=2',
        unit: 'nginx.service',
      },
    ])
    assert.match(read(ENTRY, [], 'journal')[0].text, /^\{"_SYSTEMD_UNIT":"nginx\.service","MESSAGE":/)
  })

  it('is the same wherever the stream is torn', () => {
    const stream = Buffer.concat([ENTRY, entryOf({ __CURSOR: 'x', MESSAGE: '' }), ENTRY])
    const whole = read(stream)
    assert.equal(whole.length, 3)
    const cuts = fc.array(fc.nat(stream.length), { maxLength: 6 })
    fc.assert(
      fc.property(cuts, cuts =>
        assert.deepEqual(
          read(
            stream,
            cuts.sort((a, b) => a - b),
          ),
          whole,
        ),
      ),
    )
  })

  it('has long values cut', () => {
    const [{ text }] = read(entryOf({ MESSAGE: 'x'.repeat(5000) }))
    assert.equal(text, `{"message":"${'x'.repeat(1024)}"}`)
  })

  for (const [what, bytes] of [
    ['no field', Buffer.from('hello world=1\n\n')],
    ['a length that cannot be', Buffer.concat([Buffer.from('A\n'), Buffer.alloc(8, 0xff), Buffer.from('x')])],
    [
      'a value without its end',
      Buffer.concat([Buffer.from('A\n'), Buffer.of(1, 0, 0, 0, 0, 0, 0, 0), Buffer.from('xy')]),
    ],
  ] as const)
    it(`is refused when it has ${what}`, () => assert.throws(() => read(bytes), /value|field|line feed/))

  it('of any bytes never does worse than to be refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          for (const { text } of read(Buffer.from(bytes))) JSON.parse(text)
        } catch (error) {
          assert.equal((error as Error).constructor.name, 'ExportError')
        }
      }),
    )
  })
})

/** A journalctl that knows only the options that the real one has, and notes how it was called. */
function fakeJournalctl(t: TestContext, script: string) {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-journal-'))
  t.after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))
  const program = join(folder, 'journalctl')
  writeFileSync(
    join(folder, 'entries'),
    Buffer.concat([ENTRY, entryOf({ __CURSOR: 'c2', MESSAGE: 'second' })]),
  )
  writeFileSync(
    program,
    `#!/bin/sh
echo "$@" >> ${folder}/calls
for argument; do
  case "$argument" in
    --output=export|--follow|--all|--quiet|--no-tail|--lines=0|--after-cursor=*|--directory=*|*=*|+) ;;
    *) echo "unrecognized option $argument" >&2; exit 1 ;;
  esac
done
${script.replaceAll('ENTRIES', `${folder}/entries`)}
`,
    { mode: 0o755 },
  )
  return { program, calls: () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') }
}

function start(t: TestContext, options: object, known?: Partial<KnownPosition>) {
  const host = fakeInputHost({ kind: 'journald', tag: 'journal.*' })
  t.after(() => host.close())
  const positions = { ...host.positions, get: () => known as KnownPosition | undefined }
  const decoded = schema.decode(options)
  assert.ok(decoded.ok)
  const given: (string | undefined)[] = []
  const sink: typeof host.sink = async lines => {
    given.push(lines.origin.position?.mark)
    await host.sink(lines)
  }
  return { host, given, input: startJournald(decoded.value, { ...host, positions, sink }) }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
}

test('the journal is followed, tagged by unit, with the cursor as position', async t => {
  const { program, calls } = fakeJournalctl(t, 'cat ENTRIES; exec sleep 300')
  const { host, given, input } = start(t, { program, matches: ['PRIORITY=6'], directory: '/j' })
  await until(() => host.taken.length === 2)
  assert.deepEqual(
    host.taken.map(({ tag, timeMs }) => [tag, timeMs]),
    [
      ['journal.nginx.service', 1_767_225_600_000.5],
      ['journal.journal', Number.NaN],
    ],
  )
  assert.deepEqual(given, ['s=1;i=2', 'c2'])
  assert.deepEqual(calls(), ['--output=export --follow --all --quiet --no-tail --directory=/j PRIORITY=6'])
  await input.drain(deadlineIn(host.clock, 5000))
  assert.equal(input.health().state, 'ok')
})

test('a new start goes on behind the last entry that was safe', async t => {
  const { program, calls } = fakeJournalctl(t, 'exec sleep 300')
  start(t, { program }, { offset: 7, mark: 'c7' })
  await until(() => {
    try {
      return calls().length > 0
    } catch {
      return false
    }
  })
  assert.match(calls()[0], / --after-cursor=c7$/)
})

test('a machine without the program is told in the health', async t => {
  const { input } = start(t, { program: '/no/journalctl' })
  await until(() => input.health().state === 'degraded')
  assert.match(input.health().message ?? '', /there is no \/no\/journalctl on this machine/)
})

test('a program that fails is told with its words', async t => {
  const { program } = fakeJournalctl(t, 'echo "No journal files were found." >&2; exit 1')
  const { input } = start(t, { program })
  await until(() => input.health().state === 'degraded')
  assert.match(
    input.health().message ?? '',
    /ended with code 1: No journal files were found\.; it is tried again in 1 s/,
  )
})

test('what is no journal is told, and the program ended', async t => {
  const { program } = fakeJournalctl(t, 'echo "{}"; exec sleep 300')
  const { input } = start(t, { program })
  await until(() => input.health().state === 'degraded')
  assert.match(input.health().message ?? '', /wrote what cannot be read/)
})
