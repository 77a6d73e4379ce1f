import { JsonRecord } from '../../wire/json/record.ts'
import { ByteWriter } from '../../wire/json/writer.ts'

/** A record as its format made it, before its time is taken and the steps see it. One serves record after record. */
export class Made {
  readonly record = new JsonRecord()
  readonly text = new ByteWriter(1024)
  /** It stands open in `record`; else its text is in `text`. */
  isOpen = false
  /** What the format itself says of the time; NaN when it says nothing. */
  ownTimeMs = Number.NaN
  /** What the input says of it; NaN when it says nothing. */
  knownTimeMs = Number.NaN
  readAtMs = 0
  /** Where its first line begins in the source; -1 when that is not known. */
  offset = -1

  /** The record of which the text is in `text` stands open from now on. */
  open(): void {
    if (this.isOpen) return
    this.record.open(this.text.bytes, 0, this.text.length)
    this.isOpen = true
  }
}
