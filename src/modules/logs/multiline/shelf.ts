import type { KeyPath } from '../../../wire/json/path.ts'
import { ByteWriter } from '../../../wire/json/writer.ts'
import type { Format } from '../formats/format.ts'
import type { Lines } from '../lines.ts'
import type { Made } from '../made.ts'
import { Held } from './held.ts'
import { Joined } from './joined.ts'
import type { Rule, State } from './rule.ts'
import type { Source } from './sources.ts'

export interface ShelfOptions {
  /** The rules look at a field of each line's record, not at the line. */
  readonly readsFields: boolean
  /** The field whose text is joined. */
  readonly field: KeyPath
  readonly flushAfterMs: number
  readonly maxLines: number
  readonly maxBytes: number
  /** What all records that are being put together may hold. */
  readonly memoryBytes: number
  readonly onJoined: () => void
  readonly onClosed: (reason: Closing) => void
}

/** Why a record that is not known to be whole was closed. */
export type Closing = 'timeout' | 'end' | 'max_lines' | 'max_bytes' | 'memory'

/** Lines under way. */
export interface JoinRun {
  readonly lines: Lines
  readonly format: Format
  /** The line is a record of its own, and nothing was made of it yet. */
  readonly alone: (line: number, end: number) => void
  readonly emit: (made: Made) => void
}

/** Records' memory is used again unless it is large. */
const MAX_SPARE = 16
const MAX_SPARE_BYTES = 64 * 1024

/** Where the records stand that are being put together, within a budget; gives them out when they are closed. */
export class Shelf {
  /** The record whose first line is not copied yet. */
  pending: Held | undefined
  readonly #options: ShelfOptions
  readonly #joined: Joined
  readonly #spare: Held[] = []
  #heldBytes = 0
  #run!: JoinRun
  #source!: Source
  #nowMs = 0

  constructor(options: ShelfOptions) {
    this.#options = options
    this.#joined = new Joined(options.readsFields, options.field)
  }

  /** Whose records come next. */
  turnTo(run: JoinRun, source: Source, nowMs: number): void {
    this.#run = run
    this.#source = source
    this.#nowMs = nowMs
  }

  /** A record of the source at hand that the next `place` gives its first line. */
  hold(group: string, rule: Rule | undefined, state: State, partial: boolean): Held {
    this.settle()
    const held = this.#spare.pop() ?? new Held()
    held.begin(rule, state, this.#nowMs)
    held.partial = partial
    this.#source.groups.set(group, held)
    return held
  }

  /** Its first line is this one, and stays where it is for now. */
  place(held: Held, line: number, end: number): void {
    const { lines } = this.#run
    held.line = line
    held.end = end
    held.readAtMs = lines.readAtMs
    held.knownTimeMs = lines.timesMs?.[line] ?? Number.NaN
    held.offset = lines.offsetAt?.(line) ?? -1
    this.#heldBytes += held.bytes
    this.pending = held
  }

  /** Copies what stands in the lines at hand, before they go away. */
  settle(): void {
    if (this.pending !== undefined) this.#copy(this.pending)
  }

  /** Takes the first line out of the lines at hand. */
  #copy(held: Held): void {
    this.pending = undefined
    const { lines } = this.#run
    if (held.made === undefined) {
      held.base = Buffer.from(lines.bytes.subarray(lines.starts[held.line], held.end))
      return
    }
    const out = new ByteWriter(held.bytes + 64)
    held.made.record.writeTo(out)
    held.base = out.bytes.subarray(0, out.length)
    held.made = undefined
  }

  /** By what a record has no room for so many bytes more; undefined when it has. */
  fullBy(held: Held, size: number): Closing | undefined {
    const { maxLines, maxBytes, memoryBytes } = this.#options
    if (held.lines >= maxLines) return 'max_lines'
    if (held.bytes + size > maxBytes) return 'max_bytes'
    return this.#heldBytes + size > memoryBytes ? 'memory' : undefined
  }

  /** The line's text goes on with the record. */
  add(
    group: string,
    held: Held,
    state: State,
    bytes: Buffer,
    start: number,
    end: number,
    isPart: boolean,
  ): void {
    if (held === this.pending) this.#copy(held)
    const { more } = held
    if (!held.inPart && held.rule !== undefined) {
      for (; held.blanks >= 0; held.blanks--) this.#joined.writeSeparator(more, held.rule.separator)
    }
    more.copy(bytes, start, end)
    held.blanks = 0
    this.#heldBytes -= held.bytes
    held.bytes = held.base!.length + more.length
    this.#heldBytes += held.bytes
    held.lines++
    held.lastMs = this.#nowMs
    held.state = state
    held.inPart = isPart
    held.hadParts ||= isPart
    if (state.next.length === 0 && !isPart) this.close(group, held)
  }

  /** All of the source at hand. */
  closeAll(why: Closing): void {
    for (const [group, held] of this.#source.groups) this.close(group, held, why)
    this.#source.late.clear()
  }

  /** Those of the source at hand that have waited too long. */
  closeIdle(): void {
    const before = this.#nowMs - this.#options.flushAfterMs
    for (const [group, held] of this.#source.groups) {
      if (held.lastMs > before) continue
      this.#source.remember(group, held)
      this.close(group, held, 'timeout')
    }
  }

  /** Gives the record out. `why`: not because the next line begins another one. */
  close(group: string, held: Held, why?: Closing): void {
    const { onClosed, onJoined } = this.#options
    const { alone, emit, format } = this.#run
    this.#source.groups.delete(group)
    const isEarly = why !== undefined && why !== 'end' && (why !== 'timeout' || held.lines > 1)
    if (isEarly || held.lacks) {
      held.partial = true
      onClosed(why ?? 'end')
    }
    if (held.lines > 1) onJoined()
    if (held === this.pending && !held.partial) {
      this.pending = undefined
      if (held.made !== undefined) emit(held.made)
      else alone(held.line, held.end)
    } else {
      if (held === this.pending) this.#copy(held)
      const made = this.#joined.make(held, format)
      if (made !== undefined) emit(made)
    }
    this.#release(held)
  }

  /** Forgets all that is open of a source. */
  clear(source: Source): void {
    for (const held of source.groups.values()) this.#release(held)
    source.groups.clear()
    source.late.clear()
  }

  #release(held: Held): void {
    this.#heldBytes -= held.bytes
    if (this.pending === held) this.pending = undefined
    held.made = undefined
    held.base = undefined
    if (this.#spare.length < MAX_SPARE && held.more.bytes.length <= MAX_SPARE_BYTES) this.#spare.push(held)
  }
}
