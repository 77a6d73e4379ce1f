import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { keyPathOf } from '../../../../wire/json/path.ts'
import type { JsonRecord } from '../../../../wire/json/record.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import { fieldPath } from '../../condition/field.ts'
import { recordKey } from '../record-key.ts'
import type { Step } from '../step.ts'
import type { DedupeConfig } from './config.ts'

interface Seen {
  readonly atMs: number
  repeated: number
}

/** A map keeps the records in the order of their first coming, so that the oldest are the first to be forgotten. */
export function dedupeStep(config: DedupeConfig, clock: Clock, dropped: Counter): Step {
  const { by, windowMs, countField, maxKeys } = config
  const keyOf = by.length === 0 ? wholeRecord() : recordKey(by)
  const countPath = countField === undefined ? undefined : keyPathOf(fieldPath(countField))
  const seen = new Map<string, Seen>()
  return record => {
    const key = keyOf(record)
    const nowMs = clock.monotonic()
    const known = seen.get(key)
    if (known !== undefined && nowMs - known.atMs < windowMs) {
      known.repeated++
      dropped.inc()
      return false
    }
    if (known !== undefined) seen.delete(key)
    else if (seen.size >= maxKeys) seen.delete(seen.keys().next().value ?? '')
    seen.set(key, { atMs: nowMs, repeated: 0 })
    if (countPath !== undefined && known !== undefined && known.repeated > 0)
      record.set(countPath, Buffer.from(String(known.repeated)))
    return true
  }
}

/** The record's text where it is short, else its hash. */
function wholeRecord(): (record: JsonRecord) => string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  const out = new ByteWriter(1024)
  return record => {
    let { bytes, start, end } = record
    if (record.changed) {
      out.length = 0
      record.writeTo(out)
      ;[bytes, start, end] = [out.bytes, 0, out.length]
    }
    return end - start <= 64
      ? bytes.toString('latin1', start, end)
      : createHash('sha1').update(bytes.subarray(start, end)).digest('latin1')
  }
}
