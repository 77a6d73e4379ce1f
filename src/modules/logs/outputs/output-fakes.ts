import type { Clock } from '../../../kernel/clock/clock.ts'
import type { FakeClock } from '../../../kernel/clock/fake.ts'
import { type FakeHost, fakeHost } from '../../../kernel/host-fake.ts'
import type { Slice } from '../batch.ts'
import type { OutputHost } from './output.ts'

export interface FakeOutputHost<C extends Clock = FakeClock> extends OutputHost {
  readonly clock: C
  readonly log: FakeHost['log']
  /** Records that were told to hold bytes that are not UTF-8. */
  readonly invalid: { count: number }
  close(): Promise<void>
}

export interface FakeOutputHostOptions<C extends Clock> {
  readonly kind: string
  readonly clock?: C
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** What an output sees in a test; its key is `logs.outputs[0].<kind>`, its spool's id `spool-a`. */
export function fakeOutputHost<C extends Clock = FakeClock>(
  options: FakeOutputHostOptions<C>,
): FakeOutputHost<C> {
  const { kind, env, clock } = options
  const host = fakeHost({
    name: 'logs',
    ...(env ? { env } : {}),
    ...(clock ? { clock: clock as unknown as FakeClock } : {}),
  })
  const invalid = { count: 0 }
  return {
    ...host,
    clock: host.clock as unknown as C,
    name: kind,
    id: `${kind}-a`,
    key: `logs.outputs[0].${kind}`,
    spoolId: 'spool-a',
    invalid,
    invalidUtf8: {
      inc: (by = 1) => {
        invalid.count += by
      },
    },
  }
}

export interface FakeSliceOptions {
  readonly sequence?: number
  /** Of the first record; each further one happened a millisecond later. */
  readonly timeMs?: number
  readonly timesMs?: readonly number[]
  /** What stands between two records. */
  readonly between?: string
}

/** A whole frame of records; objects become JSON. */
export function fakeSlice(
  records: readonly (object | string | Buffer)[],
  options: FakeSliceOptions = {},
): Slice {
  const { sequence = 1, timeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6), between = '\n' } = options
  const pieces = records.map(record => {
    if (Buffer.isBuffer(record)) return record
    return Buffer.from(typeof record === 'string' ? record : JSON.stringify(record))
  })
  const count = pieces.length
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  let at = 0
  pieces.forEach((piece, i) => {
    starts[i] = at
    ends[i] = at + piece.length
    at = ends[i] + between.length
  })
  const bytes = Buffer.concat(pieces.flatMap(piece => [piece, Buffer.from(between)]))
  const timesMs = Float64Array.from(pieces, (_, i) => options.timesMs?.[i] ?? timeMs + i)
  const origin = { input: 'tail', path: '/var/log/app.log', tag: 'tail' }
  return { frame: { sequence, batch: { bytes, count, starts, ends, timesMs, origin } }, from: 0, to: count }
}

/** The records of a slice as text, for comparisons. */
export function recordsOf(slices: readonly Slice[] | undefined): string[] {
  return (slices ?? []).flatMap(({ frame, from, to }) => {
    const { bytes, starts, ends } = frame.batch
    return Array.from({ length: to - from }, (_, i) =>
      bytes.toString('utf8', starts[from + i], ends[from + i]),
    )
  })
}
