import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { keyPathOf } from '../../../../wire/json/path.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import { predicateOf } from '../../condition/predicate.ts'
import { hashText } from '../hash.ts'
import type { Step } from '../step.ts'
import type { SampleConfig } from './config.ts'

const HASHES = 2 ** 32

/** `random` gives numbers from 0 to 1. */
export function sampleStep(
  { rate, by, keep }: SampleConfig,
  dropped: Counter,
  random: () => number = Math.random,
): Step {
  const path = by === undefined ? undefined : keyPathOf(fieldPath(by))
  const stays = keep === undefined ? () => false : predicateOf(keep)
  const value = new ValueSpan()
  return record => {
    const lot =
      path !== undefined && record.locate(path, value) ? hashText(value.asText()) / HASHES : random()
    if (lot < rate || stays(record)) return true
    dropped.inc()
    return false
  }
}
