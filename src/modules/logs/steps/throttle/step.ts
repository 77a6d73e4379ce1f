import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { predicateOf } from '../../condition/predicate.ts'
import { recordKey } from '../record-key.ts'
import type { Step } from '../step.ts'
import type { ThrottleConfig } from './config.ts'

/** A bucket of tokens, filled evenly. */
interface Bucket {
  tokens: number
  atMs: number
}

/** One bucket a key; a map keeps the keys in the order of their last use. */
export function throttleStep(config: ThrottleConfig, clock: Clock, dropped: Counter): Step {
  const { records, intervalMs, burst = records, by, keep, maxKeys } = config
  const keyOf = recordKey(by)
  const isFree = keep === undefined ? () => false : predicateOf(keep)
  const perMs = records / intervalMs
  const buckets = new Map<string, Bucket>()
  return record => {
    if (isFree(record)) return true
    const key = keyOf(record)
    const nowMs = clock.monotonic()
    let bucket = buckets.get(key)
    if (bucket === undefined) {
      if (buckets.size >= maxKeys) buckets.delete(buckets.keys().next().value ?? '')
      bucket = { tokens: burst, atMs: nowMs }
    } else {
      buckets.delete(key)
      bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) * perMs)
      bucket.atMs = nowMs
    }
    buckets.set(key, bucket)
    if (bucket.tokens < 1) {
      dropped.inc()
      return false
    }
    bucket.tokens--
    return true
  }
}
