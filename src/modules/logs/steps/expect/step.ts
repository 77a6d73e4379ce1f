import { keyPathOf } from '../../../../wire/json/path.ts'
import { fieldPath } from '../../condition/field.ts'
import { predicateOf } from '../../condition/predicate.ts'
import type { Step, StepHost } from '../step.ts'
import type { ExpectConfig } from './config.ts'

/** How often one condition is told at the most. */
const TELL_EVERY_MS = 60_000

/** Counts and tells what records do not meet. */
export function expectStep({ conditions, result }: ExpectConfig, host: StepHost): Step {
  const unexpected = host.metrics.counter(
    'unexpected_records_total',
    'Records that do not meet a condition of a step `expect`.',
    ['input', 'condition'],
  )
  const expected = conditions.map(condition => ({
    condition,
    holds: predicateOf(condition),
    misses: unexpected.with(host.owner, condition),
    toldAtMs: Number.NEGATIVE_INFINITY,
  }))
  const into = result === undefined ? undefined : keyPathOf(fieldPath(result))
  const [yes, no] = [Buffer.from('true'), Buffer.from('false')]
  return (record, { tag }) => {
    let isExpected = true
    for (const each of expected) {
      if (each.holds(record)) continue
      isExpected = false
      each.misses.inc()
      const nowMs = host.clock.monotonic()
      if (nowMs - each.toldAtMs < TELL_EVERY_MS) continue
      each.toldAtMs = nowMs
      host.log.warn('unexpected_record', `${host.key}: a record does not meet "${each.condition}"`, { tag })
    }
    if (into !== undefined) record.set(into, isExpected ? yes : no)
    return true
  }
}
