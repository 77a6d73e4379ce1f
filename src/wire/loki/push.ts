import { ByteWriter } from '../json/writer.ts'

/** One line of a stream. */
export interface PushEntry {
  /** Milliseconds since the epoch, and nanoseconds beyond them. */
  readonly timeMs: number
  readonly nanoseconds: number
  /** The line is `bytes[start, end)`, UTF-8. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** From `encodePairs`. */
  readonly metadata?: Buffer | undefined
}

export interface PushStream {
  /** From `labelsText`. */
  readonly labels: string
  readonly entries: readonly PushEntry[]
}

const ENTRIES_PER_STEP = 512

/**
 * Loki's push request (pkg/push/push.proto: PushRequest), without its Snappy compression, in steps of some hundred
 * entries; the last one gives the result.
 */
export function* encodePush(streams: readonly PushStream[]): Generator<void, Buffer> {
  const sizes = streams.map(({ labels, entries }) => {
    let bytes = delimitedBytes(Buffer.byteLength(labels))
    for (const entry of entries) bytes += delimitedBytes(entryBytes(entry))
    return bytes
  })
  const total = sizes.reduce((sum, bytes) => sum + delimitedBytes(bytes), 0)
  const out = new ByteWriter(total)
  let written = 0
  for (const [at, { labels, entries }] of streams.entries()) {
    header(out, 1, sizes[at])
    const text = Buffer.from(labels)
    header(out, 1, text.length)
    out.copy(text, 0, text.length)
    for (const entry of entries) {
      if (++written % ENTRIES_PER_STEP === 0) yield
      writeEntry(out, entry)
    }
  }
  return out.bytes.subarray(0, out.length)
}

/** Structured metadata of an entry, ready to be written (EntryAdapter field 3, repeated). `scratch` is written over. */
export function encodePairs(
  pairs: Iterable<readonly [name: string, value: string]>,
  scratch: ByteWriter,
): Buffer {
  const out = scratch
  out.length = 0
  for (const [name, value] of pairs) {
    const nameBytes = Buffer.from(name)
    const valueBytes = Buffer.from(value)
    header(out, 3, delimitedBytes(nameBytes.length) + delimitedBytes(valueBytes.length))
    header(out, 1, nameBytes.length)
    out.copy(nameBytes, 0, nameBytes.length)
    header(out, 2, valueBytes.length)
    out.copy(valueBytes, 0, valueBytes.length)
  }
  return Buffer.from(out.bytes.subarray(0, out.length))
}

/** `{app="shop", level="info"}`: names in order, values quoted as Go reads them. */
export function labelsText(labels: readonly (readonly [name: string, value: string])[]): string {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${sorted.map(([name, value]) => `${name}=${JSON.stringify(value.toWellFormed())}`).join(', ')}}`
}

/** A name that Loki takes: letters, digits and `_`, no digit in front. */
export function labelName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_')
  return /^[0-9]/.test(plain) || plain === '' ? `_${plain}` : plain
}

function entryBytes({ timeMs, nanoseconds, start, end, metadata }: PushEntry): number {
  return (
    delimitedBytes(timestampBytes(timeMs, nanoseconds)) +
    delimitedBytes(end - start) +
    (metadata?.length ?? 0)
  )
}

function writeEntry(out: ByteWriter, entry: PushEntry): void {
  const { timeMs, nanoseconds, bytes, start, end, metadata } = entry
  header(out, 2, entryBytes(entry))
  header(out, 1, timestampBytes(timeMs, nanoseconds))
  const seconds = Math.floor(timeMs / 1000)
  out.byte(0x08)
  varint(out, seconds)
  out.byte(0x10)
  varint(out, (timeMs - seconds * 1000) * 1_000_000 + nanoseconds)
  header(out, 2, end - start)
  out.copy(bytes, start, end)
  if (metadata) out.copy(metadata, 0, metadata.length)
}

function timestampBytes(timeMs: number, nanoseconds: number): number {
  const seconds = Math.floor(timeMs / 1000)
  return 2 + varintBytes(seconds) + varintBytes((timeMs - seconds * 1000) * 1_000_000 + nanoseconds)
}

/** The key of a length-delimited field below 16, and the length. */
function header(out: ByteWriter, field: number, length: number): void {
  out.byte(field * 8 + 2)
  varint(out, length)
}

function delimitedBytes(length: number): number {
  return 1 + varintBytes(length) + length
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let left = value; left > 0x7f; left = Math.floor(left / 128)) bytes++
  return bytes
}

function varint(out: ByteWriter, value: number): void {
  let left = value
  while (left > 0x7f) {
    out.byte((left % 128) | 0x80)
    left = Math.floor(left / 128)
  }
  out.byte(left)
}
