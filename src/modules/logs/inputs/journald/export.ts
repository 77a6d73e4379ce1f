import { ByteWriter } from '../../../../wire/json/writer.ts'

const LINE_FEED = 0x0a
const EQUALS = 0x3d
const SIZE_BYTES = 8

/** One entry of the journal as a record. */
export interface Entry {
  /** JSON text; good until the next entry. */
  readonly out: ByteWriter
  readonly timeMs: number
  readonly cursor: string
  /** The unit that it is from; empty when it names none. */
  readonly unit: string
}

/** The stream is not what `journalctl -o export` writes. */
export class ExportError extends Error {}

/**
 * Reads the Journal Export Format (systemd.io/JOURNAL_EXPORT_FORMATS): fields a line, or, where their value has line
 * feeds or is binary, a name, its length as 64 bits little-endian, and its bytes; an empty line ends an entry.
 */
export class ExportReader {
  readonly #onEntry: (entry: Entry) => void
  readonly #nameOf: (field: string) => string
  readonly #maxValueBytes: number
  readonly #out = new ByteWriter(1024)
  #rest: Buffer = Buffer.alloc(0)
  #fields = 0
  #timeMs = Number.NaN
  #cursor = ''
  #unit = ''

  constructor(options: {
    readonly names: 'plain' | 'journal'
    readonly maxValueBytes: number
    readonly onEntry: (entry: Entry) => void
  }) {
    this.#onEntry = options.onEntry
    this.#maxValueBytes = options.maxValueBytes
    this.#nameOf = options.names === 'plain' ? plainName : name => name
  }

  /** Takes the next piece of the stream; throws ExportError when it makes no sense. */
  take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (;;) {
      const behind = this.#field(bytes, at)
      if (behind < 0) break
      at = behind
    }
    this.#rest = Buffer.from(bytes.subarray(at))
    // One value, its name and its length; a longer one is not of the journal.
    if (this.#rest.length > 64 * 1024 * 1024) throw new ExportError('an entry of more than 64 MiB')
  }

  /** Reads one field or the end of an entry at `at`; the place behind it, -1 when more has to come. */
  #field(bytes: Buffer, at: number): number {
    const feed = bytes.indexOf(LINE_FEED, at)
    if (feed < 0) return -1
    if (feed === at) {
      this.#end()
      return feed + 1
    }
    const equals = bytes.subarray(at, feed).indexOf(EQUALS)
    const name = bytes.toString('latin1', at, equals >= 0 ? at + equals : feed)
    if (!/^[A-Z0-9_]{1,64}$/.test(name))
      throw new ExportError(`a field called ${JSON.stringify(name.slice(0, 80))}`)
    if (equals >= 0) {
      this.#add(name, bytes, at + equals + 1, feed)
      return feed + 1
    }
    const valueAt = feed + 1 + SIZE_BYTES
    if (bytes.length < valueAt) return -1
    const size = Number(bytes.readBigUInt64LE(feed + 1))
    if (size > 64 * 1024 * 1024) throw new ExportError(`a value of ${size} bytes`)
    if (bytes.length <= valueAt + size) return -1
    if (bytes[valueAt + size] !== LINE_FEED) throw new ExportError('no line feed behind a binary value')
    this.#add(name, bytes, valueAt, valueAt + size)
    return valueAt + size + 1
  }

  #add(field: string, bytes: Buffer, start: number, end: number): void {
    if (field === '__CURSOR') this.#cursor = bytes.toString('latin1', start, end)
    else if (field === '__REALTIME_TIMESTAMP')
      this.#timeMs = Number(bytes.toString('latin1', start, end)) / 1000
    else if (field.startsWith('__')) return
    else {
      if (field === '_SYSTEMD_UNIT') this.#unit = bytes.toString('utf8', start, end)
      const out = this.#out
      out.byte(this.#fields++ === 0 ? 0x7b : 0x2c)
      out.text(this.#nameOf(field), 'utf8')
      out.byte(0x3a)
      out.string(bytes, start, Math.min(end, start + this.#maxValueBytes))
    }
  }

  #end(): void {
    if (this.#fields === 0 && this.#cursor === '') return
    if (this.#fields === 0) this.#out.byte(0x7b)
    this.#out.byte(0x7d)
    this.#onEntry({ out: this.#out, timeMs: this.#timeMs, cursor: this.#cursor, unit: this.#unit })
    this.#out.length = 0
    this.#fields = 0
    this.#timeMs = Number.NaN
    this.#cursor = ''
    this.#unit = ''
  }
}

function plainName(name: string): string {
  return name.replace(/^_+/, '').toLowerCase()
}
