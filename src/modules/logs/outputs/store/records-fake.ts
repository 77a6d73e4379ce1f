import type { Frame, Slice } from '../../batch.ts'
import type { Parcel, StoreSettings } from './messages.ts'

/** A frame of these records, for tests of the store. Objects are written as JSON. */
export function frameOf(
  sequence: number,
  records: readonly (object | string | Buffer)[],
  timeMs = 1_000_000,
): Frame {
  const pieces = records.map(it =>
    Buffer.isBuffer(it) ? it : Buffer.from(typeof it === 'string' ? it : JSON.stringify(it)),
  )
  const starts = new Uint32Array(pieces.length)
  const ends = new Uint32Array(pieces.length)
  let at = 0
  pieces.forEach((piece, i) => {
    starts[i] = at
    ends[i] = at + piece.length
    at += piece.length + 1
  })
  const bytes = Buffer.concat(pieces.flatMap(piece => [piece, Buffer.from('\n')]))
  const timesMs = new Float64Array(pieces.length).map((_, i) => timeMs + i)
  const origin = { input: 'tail', path: '/var/log/app.log', tag: 'tail' }
  return { sequence, batch: { bytes, count: pieces.length, starts, ends, timesMs, origin } }
}

export function sliceOf(frame: Frame, from = 0, to = frame.batch.count): Slice {
  return { frame, from, to }
}

export function parcelOfAll({ sequence, batch }: Frame): Parcel {
  const { bytes, starts, ends, timesMs, origin } = batch
  return { sequence, from: 0, bytes, starts, ends, timesMs, ...origin }
}

export function settingsFor(path: string, change: Partial<StoreSettings> = {}): StoreSettings {
  const week = 7 * 24 * 60 * 60 * 1000
  return { path, spool: 'spool-1', fullText: 'record', maxSizeBytes: 2 ** 30, maxAgeMs: week, ...change }
}
