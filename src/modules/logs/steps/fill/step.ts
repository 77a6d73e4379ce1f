import { keyPathOf } from '../../../../wire/json/path.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate } from '../../template/template.ts'
import type { Step } from '../step.ts'
import { StepView } from '../step-view.ts'
import { FILL_RULES, type FillConfig } from './config.ts'

/** Adds fields with texts that are made of the record. All texts are made before the first field is added. */
export function fillStep({ fields, overwrite }: FillConfig, hostname: string): Step {
  const { randomUUID: uuid } = process.getBuiltinModule('node:crypto')
  const texts = Object.entries(fields).map(([field, text]) => ({
    path: keyPathOf(fieldPath(field)),
    template: compileTemplate(text, { hostname, uuid }, FILL_RULES),
  }))
  const view = new StepView()
  return (record, event) => {
    view.turnTo(record, event)
    const made = texts.map(({ template }) => template.render(view))
    for (const [index, { path }] of texts.entries()) {
      const text = made[index]
      if (text === undefined) continue
      const raw = Buffer.from(JSON.stringify(text))
      if (overwrite) record.set(path, raw)
      else record.add(path, raw)
    }
    return true
  }
}
