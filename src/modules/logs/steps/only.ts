import { compileCondition } from '../condition/compile.ts'
import { parseCondition } from '../condition/parse.ts'
import { compileTags } from '../tags.ts'
import type { OnlyConfig } from './config.ts'
import type { Step } from './step.ts'

/** Some steps for some records; the others pass unchanged. */
export function onlyStep({ tags, when }: OnlyConfig, steps: readonly Step[]): Step {
  const isMeant = tags === undefined ? () => true : compileTags(tags)
  const holds = when === undefined ? () => true : conditionOf(when)
  return (record, event) => {
    if (!isMeant(event.tag) || !holds(record)) return true
    for (const step of steps) if (!step(record, event)) return false
    return true
  }
}

function conditionOf(source: string) {
  const parsed = parseCondition(source)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return compileCondition(parsed.condition)
}
