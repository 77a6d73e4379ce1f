import { fieldOf } from '../../conditions.ts'
import { templateOf } from '../../templates.ts'
import { translateRegex } from '../../values/regex.ts'
import { readBoolean, readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { FilterPlugin, NotationMap } from '../plugin.ts'

const NO_EMITTER = 'records go through the steps again at once, without a buffer between'

/** Sends records through the filters again, under another tag. */
export const rewriteTag: FilterPlugin = {
  about: 'Gives records another tag',
  options: {
    rule: option.text(undefined, { repeated: true }),
    emitter_name: option.needless(NO_EMITTER),
    'emitter_storage.type': option.needless(NO_EMITTER, 'memory'),
    emitter_mem_buf_limit: option.needless(NO_EMITTER, '10M'),
    recursion_action: option.needless('a record goes round at most eight times'),
  },
  translate(settings) {
    const rules = settings.written('rule').map(({ text, place }): NotationMap | undefined => {
      const [key, pattern, tag, keep] = readWords(text)
      const keeps = keep === undefined ? undefined : readBoolean(keep)
      if (key === undefined || pattern === undefined || tag === undefined || keeps === undefined) {
        settings.fail(place, 'rule', `expected $KEY REGEX NEW_TAG KEEP, got "${text}"`)
        return undefined
      }
      const field = fieldOf(settings, 'rule', key, place)
      const regex = translateRegex(pattern)
      if ('problem' in regex) settings.fail(place, 'rule', `${pattern}: ${regex.problem}`)
      const to = templateOf(settings, 'rule', tag, { captures: true })
      if (field === undefined || to === undefined || 'problem' in regex) return undefined
      return { field, pattern: regex.source, to, keep: keeps }
    })
    const known = rules.filter(rule => rule !== undefined)
    if (rules.length === 0) settings.fail(settings.place, 'rule', 'is missing')
    return known.length === 0 || known.length < rules.length ? undefined : [{ retag: known }]
  },
}
