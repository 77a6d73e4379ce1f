import { LiveLines } from '../../kernel/admin/live-lines.ts'
import type { Clock } from '../../kernel/clock/clock.ts'
import type { Host } from '../../kernel/module.ts'
import { JsonRecord } from '../../wire/json/record.ts'
import type { Batch } from './batch.ts'
import { compileCondition, type Predicate } from './condition/compile.ts'
import { parseCondition } from './condition/parse.ts'
import { compilePatterns, type TextFilter } from './text-patterns.ts'

/** In each window at most so many records are looked at and shown: who looks on never slows the pipeline. */
const WINDOW_MS = 100
const MAX_LOOKED_AT = 500
const MAX_SHOWN = 50

/** Which records a reader wants; what is not given is of no matter. */
interface LiveFilter {
  readonly input?: string
  readonly isMeant?: TextFilter
  readonly holds?: Predicate
}

/** Shows a sample of the records that go into the spool to whoever asks for them on the admin listener. */
export class LiveRecords implements Disposable {
  readonly #lines: LiveLines<LiveFilter>
  readonly #clock: Clock
  readonly #record = new JsonRecord()
  #windowAtMs = Number.NEGATIVE_INFINITY
  #lookedAt = 0
  #shown = 0

  constructor(host: Pick<Host, 'admin' | 'clock' | 'metrics'>) {
    this.#clock = host.clock
    this.#lines = new LiveLines({
      host,
      path: '/logs/tail',
      about: 'A sample of the records as they are spooled, one JSON object a line; to this machine only',
      what: 'records',
      readers: host.metrics.gauge('live_readers', 'Readers of the live records.').with(),
      dropped: host.metrics
        .counter(
          'live_records_skipped_total',
          'Records that a reader of the live records was not shown, because there were too many.',
        )
        .with(),
      filterOf: readFilter,
    })
  }

  /** Costs nothing while nobody looks. */
  show(batches: readonly Batch[]): void {
    if (!this.#lines.isOpen) return
    for (const batch of batches) this.#showBatch(batch)
  }

  [Symbol.dispose](): void {
    this.#lines[Symbol.dispose]()
  }

  #showBatch(batch: Batch): void {
    this.#turnWindow()
    for (let i = 0; i < batch.count; i++) {
      if (this.#lookedAt >= MAX_LOOKED_AT || this.#shown >= MAX_SHOWN) {
        this.#lines.skip(batch.count - i)
        return
      }
      this.#lookedAt++
      this.#offer(batch, i)
    }
  }

  #offer(batch: Batch, index: number): void {
    const { tag, input } = batch.origin
    let isOpen = false
    const wants = ({ input: wanted, isMeant, holds }: LiveFilter) => {
      if (wanted !== undefined && wanted !== input) return false
      if (isMeant !== undefined && !isMeant(tag)) return false
      if (holds === undefined) return true
      isOpen ||= this.#record.open(batch.bytes, batch.starts[index], batch.ends[index])
      return isOpen && holds(this.#record)
    }
    this.#lines.offer(wants, () => {
      this.#shown++
      return lineOf(batch, index)
    })
  }

  #turnWindow(): void {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#windowAtMs < WINDOW_MS) return
    this.#windowAtMs = nowMs
    this.#lookedAt = 0
    this.#shown = 0
  }
}

function lineOf({ bytes, starts, ends, timesMs, origin }: Batch, index: number): Buffer {
  const { input, path, tag } = origin
  const time = new Date(timesMs[index]).toISOString()
  const head = JSON.stringify({ time, input, path, tag }).slice(0, -1)
  return Buffer.concat([
    Buffer.from(`${head},"record":`),
    bytes.subarray(starts[index], ends[index]),
    Buffer.from('}\n'),
  ])
}

const FILTERS = ['input', 'tag', 'when']

function readFilter(query: URLSearchParams): LiveFilter | { readonly problem: string } {
  for (const name of query.keys())
    if (!FILTERS.includes(name))
      return { problem: `there is no filter ${name}; there are ${FILTERS.join(', ')}` }
  const input = query.get('input')
  const tag = query.get('tag')
  const when = query.get('when')
  const parsed = when === null ? undefined : parseCondition(when)
  if (parsed !== undefined && 'problem' in parsed) return { problem: `when: ${parsed.problem}` }
  try {
    return {
      ...(input !== null && { input }),
      ...(tag !== null && { isMeant: compilePatterns([tag]) }),
      ...(parsed !== undefined && { holds: compileCondition(parsed.condition) }),
    }
  } catch (error) {
    return { problem: `tag: ${(error as Error).message}` }
  }
}
