import { fieldOf, patternOf } from '../../conditions.ts'
import { readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

/** Keeps and drops records by patterns. */
export const grep: FilterPlugin = {
  about: 'Keeps or drops records whose fields match',
  options: {
    regex: option.text(undefined, { repeated: true }),
    exclude: option.text(undefined, { repeated: true }),
    logical_op: option.text('legacy'),
  },
  translate(settings) {
    const rules = settings.ordered(['regex', 'exclude']).map(({ key, text, place }) => {
      const [accessor = '', regex] = readWords(text, 2)
      if (regex === undefined) {
        settings.fail(place, key, `expected KEY REGEX, got "${text}"`)
        return undefined
      }
      const field = fieldOf(settings, key, accessor, place)
      const pattern = patternOf(settings, key, regex, place)
      if (field === undefined || pattern === undefined) return undefined
      return { key, test: `${field} matches ${pattern}` }
    })
    const op = settings.choice('logical_op', ['legacy', 'and', 'or'] as const) ?? 'legacy'
    const known = rules.filter(rule => rule !== undefined)
    if (known.length < rules.length) return undefined
    if (op === 'legacy')
      return known.map(({ key, test }) => (key === 'regex' ? { keep: test } : { drop: test }))
    if (known.length === 0) return []
    if (new Set(known.map(({ key }) => key)).size > 1) {
      settings.fail(
        settings.placeOf('logical_op'),
        'logical_op',
        'cannot be used with both regex and exclude',
      )
      return undefined
    }
    const test = known.map(({ test }) => test).join(` ${op} `)
    return [known[0].key === 'regex' ? { keep: test } : { drop: test }]
  },
}
