import { inTurns, type LongWork } from '../../../kernel/long-work.ts'
import type { Host } from '../../../kernel/module.ts'
import { JsonRecord } from '../../../wire/json/record.ts'
import { ByteWriter } from '../../../wire/json/writer.ts'
import type { Batch, Slice } from '../batch.ts'
import { predicateOf } from '../condition/predicate.ts'
import type { RoutingConfig } from '../outputs/routing-config.ts'
import { createSteps } from '../steps/create.ts'
import type { StepEvent, StepHost } from '../steps/step.ts'
import { compilePatterns } from '../text-patterns.ts'

/** So many bytes of records make a step of the work. */
const STEP_BYTES = 16 * 1024

/** What becomes of records on their way to one output. */
export interface Routed {
  /** Those that go there; of a frame of its own, with the same sequence and indices, when steps have edited them. */
  readonly slices: readonly Slice[]
  /** Those that do not. */
  readonly others: readonly Slice[]
}

/** Chooses and edits the records of one output. */
export interface Routing {
  /** None of the frame's records go there: that is known without a look at them. */
  excludes(slice: Slice): boolean
  /** All go there as they are, once `excludes` has said no. */
  readonly isPlain: boolean
  route(slice: Slice): Promise<Routed>
}

/** `config` must have passed `checkRouting`; undefined when every record goes there as it is. */
export function createRouting(
  config: RoutingConfig,
  host: StepHost & Pick<Host, 'slice'>,
): Routing | undefined {
  const { tags, when, steps } = config
  if (tags === undefined && when === undefined && steps.length === 0) return undefined
  const isMeant = tags === undefined ? () => true : compilePatterns(tags)
  const holds = when === undefined ? () => true : predicateOf(when)
  const list = createSteps(steps, host)
  const record = new JsonRecord()

  function* work(slice: Slice): LongWork<Routed> {
    const { frame, from, to } = slice
    const { batch } = frame
    const chosen = new Uint8Array(to - from)
    const edited = list.length === 0 ? undefined : new EditedBatch(batch, from, to)
    const event = new OutputEvent(batch)
    let stepEnd = batch.starts[from] + STEP_BYTES
    for (let i = from; i < to; i++) {
      const end = batch.ends[i]
      const isObject = record.open(batch.bytes, batch.starts[i], end)
      event.begin(batch.timesMs[i])
      const passes = !isObject || (holds(record) && list.every(step => step(record, event)))
      chosen[i - from] = passes ? 1 : 0
      edited?.add(i, isObject && passes ? record : undefined, event.timeMs)
      if (end >= stepEnd && i + 1 < to) {
        yield
        stepEnd = end + STEP_BYTES
      }
    }
    const source = edited === undefined ? frame : { sequence: frame.sequence, batch: edited.finish() }
    return {
      slices: runs(chosen, 1, from).map(([start, end]) => ({ frame: source, from: start, to: end })),
      others: runs(chosen, 0, from).map(([start, end]) => ({ frame, from: start, to: end })),
    }
  }

  return {
    excludes: ({ frame }) => !isMeant(frame.batch.origin.tag),
    isPlain: when === undefined && list.length === 0,
    route: slice => inTurns(work(slice), host.slice),
  }
}

/** The records of a frame from `from` on, written anew, each at its index. */
class EditedBatch {
  readonly #of: Batch
  readonly #out: ByteWriter
  readonly #starts: Uint32Array
  readonly #ends: Uint32Array
  readonly #timesMs: Float64Array

  constructor(of: Batch, from: number, to: number) {
    this.#of = of
    this.#out = new ByteWriter(of.ends[to - 1] - of.starts[from] + 1024)
    this.#starts = new Uint32Array(of.count)
    this.#ends = new Uint32Array(of.count)
    this.#timesMs = new Float64Array(of.count)
  }

  /** Without a record: as it was. */
  add(index: number, record: JsonRecord | undefined, timeMs: number): void {
    const out = this.#out
    this.#starts[index] = out.length
    if (record === undefined) out.copy(this.#of.bytes, this.#of.starts[index], this.#of.ends[index])
    else if (record.changed) record.writeTo(out)
    else out.copy(record.bytes, record.start, record.end)
    this.#ends[index] = out.length
    this.#timesMs[index] = timeMs
  }

  finish(): Batch {
    return {
      bytes: this.#out.bytes.subarray(0, this.#out.length),
      count: this.#of.count,
      starts: this.#starts,
      ends: this.#ends,
      timesMs: this.#timesMs,
      origin: this.#of.origin,
    }
  }
}

class OutputEvent implements StepEvent {
  timeMs = 0
  tag: string
  readonly path: string
  readonly input: string
  readAtMs = 0
  readonly #tag: string

  constructor({ origin }: Batch) {
    this.#tag = origin.tag
    this.tag = origin.tag
    this.path = origin.path
    this.input = origin.input
  }

  begin(timeMs: number): void {
    this.timeMs = timeMs
    this.tag = this.#tag
    this.readAtMs = timeMs
  }

  /** Behind the spool there is nobody to take it; `checkRouting` refuses such steps. */
  emitCopy(): boolean {
    return false
  }

  emitSibling(): boolean {
    return false
  }

  isSibling(): boolean {
    return false
  }
}

/** Where `value` stands in a row, as indices from `offset` on. */
function runs(marks: Uint8Array, value: number, offset: number): [number, number][] {
  const found: [number, number][] = []
  for (let at = 0; at < marks.length; ) {
    if (marks[at] !== value) {
      at++
      continue
    }
    const start = at
    while (at < marks.length && marks[at] === value) at++
    found.push([start + offset, at + offset])
  }
  return found
}
