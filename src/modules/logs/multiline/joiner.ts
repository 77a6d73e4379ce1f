import type { Clock } from '../../../kernel/clock/clock.ts'
import { Kind } from '../../../wire/json/bytes.ts'
import type { KeyPath } from '../../../wire/json/path.ts'
import { ValueSpan } from '../../../wire/json/value.ts'
import type { Origin } from '../batch.ts'
import type { Format } from '../formats/format.ts'
import type { Lines } from '../lines.ts'
import { Made } from '../made.ts'
import type { Held } from './held.ts'
import { Hints } from './hints.ts'
import { advance, type Rule, type State, WHOLE } from './rule.ts'
import { type JoinRun, Shelf, type ShelfOptions } from './shelf.ts'
import { Source, sourceKey } from './sources.ts'

export interface JoinerOptions extends ShelfOptions {
  readonly rules: readonly Rule[]
  readonly patternField: KeyPath
  readonly groupBy: readonly KeyPath[]
  readonly clock: Pick<Clock, 'monotonic'>
}

/** So many sources are remembered of which nothing is open. */
const MAX_SOURCES = 4096

/**
 * Puts records together that were written over several lines. A record is open from its first line until one comes
 * that does not belong to it, and longer than that only as long as `flushAfter`. What is open is kept per source and
 * group; the position that goes with the lines stays before the first line of what is open, so that nothing is lost
 * with the process.
 */
export class Joiner {
  readonly options: JoinerOptions
  readonly #sources = new Map<string, Source>()
  readonly #made = [new Made(), new Made()]
  readonly #shelf: Shelf
  readonly #hints: Hints
  readonly #value = new ValueSpan()
  readonly #pattern = new ValueSpan()
  #run!: JoinRun
  #source!: Source
  #nowMs = 0

  constructor(options: JoinerOptions) {
    this.options = options
    this.#shelf = new Shelf(options)
    this.#hints = new Hints(options.rules)
  }

  /** After a pause. */
  resume(run: JoinRun): void {
    this.#turnTo(run)
    this.#hints.resume(run.lines.bytes)
  }

  #turnTo(run: JoinRun): void {
    const { lines } = run
    const key = sourceKey(lines)
    let source = this.#sources.get(key)
    if (source === undefined) {
      source = new Source(key, lines.origin)
      this.#sources.set(key, source)
      if (this.#sources.size > MAX_SOURCES) this.#forgetOne()
    }
    this.#run = run
    this.#source = source
    this.#nowMs = this.options.clock.monotonic()
    this.#shelf.turnTo(run, source, this.#nowMs)
  }

  /** Before the first line of a call. Throws when lines before these were refused. */
  begin(run: JoinRun): void {
    const { lines } = run
    this.#turnTo(run)
    this.#hints.begin(lines.bytes)
    const source = this.#source
    if (lines.begins) source.refusedAt = undefined
    if (source.refusedAt !== undefined && lines.count > 0) {
      const at = lines.offsetAt?.(0) ?? 0
      if (at > source.refusedAt) throw new Error(`lines from byte ${source.refusedAt} on were not taken`)
      source.refusedAt = undefined
    }
    source.heldBefore = source.heldPosition?.offset
    if (lines.begins) this.#shelf.closeAll('end')
    if (lines.closes === 'idle') this.#shelf.closeIdle()
  }

  /** One line; also empty ones. */
  take(line: number, end: number): void {
    const { lines } = this.#run
    if (lines.pieces?.[line] === 1) {
      this.#shelf.closeAll('end')
      this.#run.alone(line, end)
    } else if (this.options.readsFields) this.#takeFields(line, lines.starts[line], end)
    else this.#takeText(line, lines.starts[line], end)
  }

  /** Others may use the joiner now; `resume` comes before the next line. */
  pause(): void {
    this.#shelf.settle()
  }

  /** After the last line: where these lines came from, and how far their source need not be read again. */
  finish(): Origin {
    const { lines } = this.#run
    const source = this.#source
    const mayWait = lines.origin.position !== undefined || lines.mayWait === true || lines.closes === 'idle'
    if (lines.closes === 'all' || !mayWait) this.#shelf.closeAll('end')
    this.pause()
    for (const held of source.groups.values()) {
      if (held.line < 0) continue
      held.position = lines.positionAt?.(held.line) ?? source.settled
      held.line = -1
    }
    source.origin = lines.origin
    source.more = lines.more === true
    const { position } = lines.origin
    if (source.groups.size === 0) {
      source.settled = position
      return lines.origin
    }
    if (position === undefined) return lines.origin
    const { position: _position, ...origin } = lines.origin
    const held = source.heldPosition
    return held === undefined ? origin : { ...origin, position: held }
  }

  /** What the last call of this source gave is safe. */
  accepted(lines: Lines): void {
    const source = this.#sources.get(sourceKey(lines))
    if (source === undefined || source.groups.size + source.late.size > 0) return
    // Without marks of single lines the position before them may be needed.
    const isOver = lines.closes === 'all'
    if (isOver || lines.origin.position === undefined || lines.positionAt !== undefined) this.#forget(source)
  }

  /** The lines of the last call of this source were not taken: all that is open comes again with them. */
  refused(lines: Lines): void {
    const source = this.#sources.get(sourceKey(lines))
    if (source === undefined) return
    source.refusedAt ??= source.heldBefore
    this.#shelf.clear(source)
  }

  /** Where the first record begins that is being put together of this file; undefined when there is none. */
  heldAt(file: string): number | undefined {
    const source = this.#sources.get(file)
    return source?.refusedAt ?? source?.heldPosition?.offset
  }

  /** Sources of which something is open, with the time after which it has waited too long (monotonic). */
  *waiting(): Iterable<{ readonly source: Source; readonly dueMs: number }> {
    for (const source of this.#sources.values()) {
      let dueMs = Number.POSITIVE_INFINITY
      for (const { lastMs } of source.groups.values()) dueMs = Math.min(dueMs, lastMs)
      // What can be read at once is not late.
      if (source.groups.size > 0)
        yield { source, dueMs: source.more ? Infinity : dueMs + this.options.flushAfterMs }
    }
  }

  #forget(source: Source): void {
    this.#sources.delete(source.key)
  }

  /** The oldest of which nothing is open: there is little to remember of it. */
  #forgetOne(): void {
    for (const source of this.#sources.values()) {
      if (source.groups.size > 0 || source.refusedAt !== undefined) continue
      this.#forget(source)
      return
    }
  }

  #takeText(line: number, start: number, end: number): void {
    if (end === start) {
      this.#takeBlank()
      return
    }
    const source = this.#source
    const held = source.groups.get('')
    const isAlone = held === undefined && source.late.size === 0
    if (isAlone && !this.#hints.mayBegin(start, end)) {
      this.#run.alone(line, end)
      return
    }
    const { bytes } = this.#run.lines
    const text = bytes.toString('utf8', start, end)
    const state = held && advance(held.state.next, text)
    const opened = this.#goOn('', text, false, held, state, bytes, start, end)
    if (opened === 'added') return
    if (opened === undefined) {
      this.#run.alone(line, end)
      return
    }
    opened.bytes = end - start
    this.#shelf.place(opened, line, end)
  }

  /** An empty line is no record, but may stand in one, or end it. */
  #takeBlank(): void {
    const held = this.#source.groups.get('')
    if (held === undefined) return
    const state = advance(held.state.next, '')
    if (state === undefined || state.next.length === 0) {
      this.#shelf.close('', held)
      return
    }
    held.state = state
    held.blanks++
    held.lastMs = this.#nowMs
  }

  #takeFields(line: number, start: number, end: number): void {
    if (end === start) return
    const made = this.#makeRecord(line, start, end)
    if (made === undefined) return
    const { format, emit } = this.#run
    const source = this.#source
    const isPart = format.isPart === true
    const isAlone = source.groups.size === 0 && source.late.size === 0
    if (isAlone && !isPart && !this.#hints.mayBegin(start, end)) {
      emit(made)
      return
    }
    made.open()
    const value = this.#value
    const group = this.#groupOf(made, format)
    const held = source.groups.get(group)
    if (!made.record.locate(this.options.field, value) || value.kind !== Kind.string) {
      if (held !== undefined) this.#shelf.close(group, held)
      emit(made)
      return
    }
    const text = this.#patternText(made)
    const state = held && (held.inPart ? held.state : advance(held.state.next, text))
    const opened = this.#goOn(group, text, isPart, held, state, value.bytes, value.start + 1, value.end - 1)
    if (opened === 'added') return
    if (opened === undefined) {
      emit(made)
      return
    }
    opened.made = made
    opened.bytes = made.record.end - made.record.start
    opened.inPart = isPart
    opened.hadParts = isPart
    opened.ownTimeMs = made.ownTimeMs
    this.#shelf.place(opened, line, end)
  }

  /** The record of one line, in the one of two that no pending one stands in. */
  #makeRecord(line: number, start: number, end: number): Made | undefined {
    const { lines, format } = this.#run
    const made = this.#shelf.pending?.made === this.#made[0] ? this.#made[1] : this.#made[0]
    made.text.length = 0
    made.isOpen = format.read(lines.bytes, start, end, made.record, made.text, lines.readAtMs)
    if (!made.isOpen && made.text.length === 0) return undefined
    made.ownTimeMs = format.timeMs
    made.knownTimeMs = lines.timesMs?.[line] ?? Number.NaN
    made.readAtMs = lines.readAtMs
    made.offset = lines.offsetAt?.(line) ?? -1
    return made
  }

  /**
   * What becomes of a line with this text, whose content is `bytes[start, end)`: it is added to what is held, or begins
   * a record that is held from now on, or is a record by itself (undefined). `state`: where the held one stands with it.
   */
  #goOn(
    group: string,
    text: string,
    isPart: boolean,
    held: Held | undefined,
    state: State | undefined,
    bytes: Buffer,
    start: number,
    end: number,
  ): Held | 'added' | undefined {
    if (held === undefined) return this.#open(group, text, isPart)
    if (state === undefined) {
      this.#shelf.close(group, held)
      return this.#open(group, text, isPart)
    }
    const full = this.#shelf.fullBy(held, end - start)
    if (full === undefined) {
      this.#shelf.add(group, held, state, bytes, start, end, isPart)
      return 'added'
    }
    const { rule } = held
    this.#shelf.close(group, held, full)
    return this.#shelf.hold(group, rule, state, true)
  }

  #groupOf(made: Made, format: Format): string {
    let group = format.stream ?? ''
    for (const path of this.options.groupBy) {
      const value = this.#pattern
      group += made.record.locate(path, value) ? `\n${value.asText('latin1')}` : '\n'
    }
    return group
  }

  #patternText(made: Made): string {
    const { field, patternField } = this.options
    if (patternField === field) return this.#value.text()
    return made.record.locate(patternField, this.#pattern) ? this.#pattern.asText() : ''
  }

  /** A record that this line begins; undefined when it is one by itself. */
  #open(group: string, text: string, isPart: boolean): Held | undefined {
    const { late } = this.#source
    if (late.size > 0) {
      const before = late.get(group)
      late.delete(group)
      const state = before && advance(before.state.next, text)
      if (state !== undefined) return this.#shelf.hold(group, before?.rule, state, true)
    }
    for (const rule of this.options.rules) {
      const state = advance(rule.begin, text)
      if (state === undefined) continue
      return state.next.length > 0 || isPart ? this.#shelf.hold(group, rule, state, false) : undefined
    }
    return isPart ? this.#shelf.hold(group, undefined, WHOLE, false) : undefined
  }
}
