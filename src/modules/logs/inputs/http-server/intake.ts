import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { Lines } from '../../lines.ts'
import type { InputHost } from '../input.ts'

/** The spool may be busy for so long before senders are told to wait. */
const PATIENCE_MS = 2000

/** The way of finished records to the spool. */
export class Intake {
  readonly #host: InputHost
  readonly #records: { inc(by?: number): void }
  /** When each call of the sink began, by the monotonic clock; the oldest first. */
  readonly #underWay = new Map<symbol, number>()

  constructor(host: InputHost) {
    this.#host = host
    this.#records = host.metrics
      .counter('http_records_total', 'Records that senders have brought by HTTP.', ['input'])
      .with(host.name)
  }

  /** The spool has not taken something for longer than a moment: nobody should bring more. */
  get isStuck(): boolean {
    for (const sinceMs of this.#underWay.values()) return this.#host.clock.monotonic() - sinceMs > PATIENCE_MS
    return false
  }

  /** Records that came from `path` and are tagged `tag`. */
  gather(path: string, tag: string): Gathered {
    return new Gathered({ input: this.#host.name, path, tag }, this.#host, lines => this.#take(lines))
  }

  /** For requests whose records have tags of their own. */
  byTag(): GatheredByTag {
    return new GatheredByTag(this)
  }

  async #take(lines: Lines): Promise<void> {
    const call = Symbol()
    this.#underWay.set(call, this.#host.clock.monotonic())
    try {
      await this.#host.sink(lines)
    } finally {
      this.#underWay.delete(call)
    }
    this.#records.inc(lines.count)
  }
}

/** Records on their way: written into `out`, one `end` each; handed over in pieces, so that one request never fills the memory. */
export class Gathered {
  readonly #origin: Lines['origin']
  readonly #pieceBytes: number
  readonly #readAtMs: number
  readonly #take: (lines: Lines) => Promise<void>
  #out: ByteWriter | undefined
  #count = 0
  #starts = new Uint32Array(0)
  #ends = new Uint32Array(0)
  #timesMs = new Float64Array(0)
  #start = 0

  constructor(
    origin: Lines['origin'],
    { readBytes, clock }: Pick<InputHost, 'readBytes' | 'clock'>,
    take: (lines: Lines) => Promise<void>,
  ) {
    this.#origin = origin
    this.#pieceBytes = readBytes
    this.#readAtMs = clock.now()
    this.#take = take
  }

  /** Where the next record is written to. */
  get out(): ByteWriter {
    this.#out ??= new ByteWriter(1024)
    return this.#out
  }

  /** How large the record is that is being written. */
  get recordBytes(): number {
    return this.out.length - this.#start
  }

  /** What was written is a record that happened at `timeMs` (NaN: unknown). Await what it returns before the next. */
  end(timeMs: number): Promise<void> | undefined {
    const { out } = this
    if (this.#count === this.#starts.length) this.#grow()
    const at = this.#count++
    this.#starts[at] = this.#start
    this.#ends[at] = out.length
    this.#timesMs[at] = timeMs
    this.#start = out.length
    return out.length >= this.#pieceBytes ? this.finish() : undefined
  }

  /** What was written since the last record is none. */
  drop(): void {
    this.out.length = this.#start
  }

  /** Resolves once all records are safe. */
  async finish(): Promise<void> {
    if (this.#count === 0) return
    const bytes = exact(this.out)
    const lines = {
      bytes,
      count: this.#count,
      starts: this.#starts,
      ends: this.#ends,
      timesMs: this.#timesMs,
      readAtMs: this.#readAtMs,
      origin: this.#origin,
    }
    this.#out = undefined
    this.#count = 0
    this.#start = 0
    this.#starts = new Uint32Array(0)
    this.#ends = new Uint32Array(0)
    this.#timesMs = new Float64Array(0)
    await this.#take(lines)
  }

  #grow(): void {
    const size = Math.max(64, this.#starts.length * 2)
    this.#starts = grown(this.#starts, new Uint32Array(size))
    this.#ends = grown(this.#ends, new Uint32Array(size))
    this.#timesMs = grown(this.#timesMs, new Float64Array(size))
  }
}

/** Tags of one request that are gathered at the same time; with more of them the batches get smaller, nothing else. */
const MAX_TAGS = 100

/** Records of one request, by where they come from and their tag. */
export class GatheredByTag {
  readonly #intake: Intake
  readonly #gathered = new Map<string, Gathered>()

  constructor(intake: Intake) {
    this.#intake = intake
  }

  /** Where records with this origin are written. */
  async of(path: string, tag: string): Promise<Gathered> {
    const key = `${tag}\n${path}`
    const known = this.#gathered.get(key)
    if (known !== undefined) return known
    if (this.#gathered.size >= MAX_TAGS) await this.finish()
    const gathered = this.#intake.gather(path, tag)
    this.#gathered.set(key, gathered)
    return gathered
  }

  /** Resolves once all records are safe. */
  async finish(): Promise<void> {
    for (const gathered of this.#gathered.values()) await gathered.finish()
    this.#gathered.clear()
  }
}

function grown<Column extends Uint32Array | Float64Array>(column: Column, larger: Column): Column {
  larger.set(column)
  return larger
}

/** What was written, in a buffer that wastes little: records wait in memory for their outputs. */
function exact({ bytes, length }: ByteWriter): Buffer {
  if (bytes.length - length <= length / 4) return bytes.subarray(0, length)
  const copy = Buffer.allocUnsafeSlow(length)
  bytes.copy(copy, 0, 0, length)
  return copy
}
