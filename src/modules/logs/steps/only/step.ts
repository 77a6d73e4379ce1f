import { predicateOf } from '../../condition/predicate.ts'
import { compilePatterns } from '../../text-patterns.ts'
import type { Step } from '../step.ts'
import type { OnlyConfig } from './config.ts'

/** Some steps for some records; the others pass unchanged. */
export function onlyStep({ tags, when }: OnlyConfig, steps: readonly Step[]): Step {
  const isMeant = tags === undefined ? () => true : compilePatterns(tags)
  const holds = when === undefined ? () => true : predicateOf(when)
  return (record, event) => {
    if (!isMeant(event.tag) || !holds(record)) return true
    for (const step of steps) if (!step(record, event)) return false
    return true
  }
}
