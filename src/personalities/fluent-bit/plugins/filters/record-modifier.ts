import { fieldNotation } from '../../values/accessor.ts'
import { readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { FilterPlugin, StepNotation } from '../plugin.ts'

const repeated = option.text(undefined, { repeated: true })

/** Adds fields, and removes all of some or all but some. */
export const recordModifier: FilterPlugin = {
  about: 'Adds fields, removes fields',
  options: {
    record: repeated,
    remove_key: repeated,
    allowlist_key: repeated,
    whitelist_key: repeated,
    uuid_key: option.text(),
  },
  translate(settings) {
    const steps: StepNotation[] = []
    const removed = settings.written('remove_key').map(({ text }) => fieldNotation([text]) ?? text)
    const allowed = settings.ordered(['allowlist_key', 'whitelist_key']).map(({ text }) => text)
    if (removed.length > 0 && allowed.length > 0)
      settings.fail(settings.placeOf('remove_key'), 'remove_key', 'cannot be used with allowlist_key')
    if (removed.length > 0) steps.push({ remove: removed })
    if (allowed.length > 0) steps.push({ select: allowed })
    const fields: Record<string, string> = {}
    for (const { text, place } of settings.written('record')) {
      const [key, value] = readWords(text, 2)
      if (key === undefined || value === undefined)
        settings.fail(place, 'record', `expected KEY VALUE, got "${text}"`)
      else fields[fieldNotation([key]) ?? key] = value
    }
    if (Object.keys(fields).length > 0) steps.push({ add: { fields, overwrite: true } })
    const uuid = settings.text('uuid_key')
    if (uuid !== undefined)
      steps.push({ fill: { fields: { [fieldNotation([uuid]) ?? uuid]: '{$uuid}' }, overwrite: true } })
    return steps
  },
}
