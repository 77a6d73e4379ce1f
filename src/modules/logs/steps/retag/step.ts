import { compilePattern } from '../../../../kernel/pattern.ts'
import { keyPathOf } from '../../../../wire/json/path.ts'
import type { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate } from '../../template/template.ts'
import type { Step } from '../step.ts'
import { StepView } from '../step-view.ts'
import { RETAG_RULES, type RetagRule } from './config.ts'

/** Sends records through the steps again under another tag, by the first rule that fits. */
export function retagStep(rules: readonly RetagRule[], hostname: string): Step {
  const compiled = rules.map(compileRule)
  const templates = rules.map(({ to }) => compileTemplate(to, { hostname }, RETAG_RULES))
  const view = new StepView()
  return (record, event) => {
    view.turnTo(record, event)
    for (const [index, matches] of compiled.entries()) {
      const captures = matches(record)
      if (captures === undefined) continue
      view.captures = captures
      const tag = templates[index].render(view)
      // A record that has nothing for its new tag keeps the old one.
      if (tag === undefined || tag === '' || tag === event.tag) return true
      return !event.emitCopy(tag, rules) || rules[index].keep
    }
    return true
  }
}

type Matches = (record: JsonRecord) => readonly (string | undefined)[] | undefined

function compileRule({ field, pattern }: RetagRule): Matches {
  if (field === undefined) return () => []
  const path = keyPathOf(fieldPath(field))
  const value = new ValueSpan()
  if (pattern === undefined) return record => (record.locate(path, value) ? [value.asText()] : undefined)
  const compiled = compilePattern(pattern)
  if ('reason' in compiled) throw new Error(compiled.reason)
  const { regex } = compiled
  return record => (record.locate(path, value) ? (regex.exec(value.asText()) ?? undefined) : undefined)
}
