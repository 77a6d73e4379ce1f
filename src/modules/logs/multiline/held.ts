import { ByteWriter } from '../../../wire/json/writer.ts'
import type { Position } from '../batch.ts'
import type { Made } from '../made.ts'
import { type Rule, type State, WHOLE } from './rule.ts'

/**
 * A record that is still being put together. Its first line stays where it was read until another one comes or the
 * lines go away; only then it is copied, since most records have one line.
 */
export class Held {
  rule: Rule | undefined
  state: State = WHOLE
  /** The first line's record, while it is where the format made it. */
  made: Made | undefined
  /** The first line: as it was read, or its record when the rules look at fields. */
  base: Buffer | undefined
  /** What the lines behind add, separators included: as it was read, or as it stands in JSON. */
  readonly more = new ByteWriter(256)
  /** The first line in the lines at hand; -1 when it came with earlier ones. */
  line = -1
  end = 0
  lines = 1
  bytes = 0
  /** Empty lines that belong to it only if another one follows. */
  blanks = 0
  /** The last line is a part that goes on. */
  inPart = false
  /** Some line was a part. */
  hadParts = false
  /** What came before went out without it, or it goes on elsewhere. */
  partial = false
  /** Monotonic; of its last line. */
  lastMs = 0
  ownTimeMs = Number.NaN
  knownTimeMs = Number.NaN
  readAtMs = 0
  offset = -1
  /** Where its source must be read from again, should it be lost. */
  position: Position | undefined

  begin(rule: Rule | undefined, state: State, nowMs: number): void {
    this.rule = rule
    this.state = state
    this.made = undefined
    this.base = undefined
    this.more.length = 0
    this.lines = 1
    this.bytes = 0
    this.blanks = 0
    this.inPart = false
    this.hadParts = false
    this.partial = false
    this.lastMs = nowMs
    this.position = undefined
  }

  /** It is known that more belongs to it. */
  get lacks(): boolean {
    return this.inPart || this.state.lacks
  }
}
