import { fieldOf, patternOf, quoted } from '../../conditions.ts'
import { fieldNotation } from '../../values/accessor.ts'
import { translateRegex } from '../../values/regex.ts'
import { readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { FilterPlugin, StepNotation } from '../plugin.ts'
import type { Settings, Written } from '../settings.ts'

const repeated = option.text(undefined, { repeated: true })

/** What a rule does with its one or two words. */
const RULES: Readonly<
  Record<
    string,
    (settings: Settings, key: string, words: readonly string[], rule: Written) => StepNotation | undefined
  >
> = {
  set: (_, __, [name, value]) => ({ add: { fields: { [field(name)]: value }, overwrite: true } }),
  add: (_, __, [name, value]) => ({ add: { fields: { [field(name)]: value } } }),
  remove: (_, __, [name]) => ({ remove: [field(name)] }),
  remove_wildcard: (_, __, [name]) => ({ remove: [`${name.replace(/\*+$/, '')}*`] }),
  remove_regex(settings, key, [name], { place }) {
    const regex = translateRegex(name)
    if ('source' in regex) return { remove: [`/${regex.source}/`] }
    settings.fail(place, key, `${name}: ${regex.problem}`)
    return undefined
  },
  rename: (_, __, [name, to]) => ({ rename: { fields: { [field(name)]: to }, overwrite: false } }),
  hard_rename: (_, __, [name, to]) => ({ rename: { fields: { [field(name)]: to }, overwrite: true } }),
  copy: (_, __, [name, to]) => ({ copy: { fields: { [field(name)]: field(to) }, overwrite: false } }),
  hard_copy: (_, __, [name, to]) => ({ copy: { fields: { [field(name)]: field(to) }, overwrite: true } }),
  move_to_start: (_, __, [name]) => ({ order: { first: [name] } }),
  move_to_end: (_, __, [name]) => ({ order: { last: [name] } }),
}

const TWO_WORDS = ['set', 'add', 'rename', 'hard_rename', 'copy', 'hard_copy']

/** Changes fields by rules, in their order. */
export const modify: FilterPlugin = {
  about: 'Changes fields by rules and conditions',
  options: { ...Object.fromEntries(Object.keys(RULES).map(name => [name, repeated])), condition: repeated },
  translate(settings) {
    const steps = settings.ordered(Object.keys(RULES)).map(rule => {
      const count = TWO_WORDS.includes(rule.key) ? 2 : 1
      const words = readWords(rule.text, count)
      if (words.length === count) return RULES[rule.key](settings, rule.key, words, rule)
      settings.fail(rule.place, rule.key, `expected ${count === 2 ? 'KEY VALUE' : 'KEY'}, got "${rule.text}"`)
      return undefined
    })
    const conditions = settings.ordered(['condition']).map(condition => conditionTest(settings, condition))
    const known = steps.filter(step => step !== undefined)
    if (known.length < steps.length || conditions.includes(undefined)) return undefined
    if (conditions.length === 0 || known.length === 0) return known
    return [{ only: { when: conditions.join(' and '), steps: known } }]
  },
}

function conditionTest(settings: Settings, { text, place }: Written): string | undefined {
  const [kind, key, value] = readWords(text, 3)
  const name = kind?.toLowerCase() ?? ''
  const fail = () => {
    settings.fail(place, 'condition', `expected a condition such as Key_exists KEY, got "${text}"`)
    return undefined
  }
  if (key === undefined) return fail()
  if (name === 'a_key_matches' || name === 'no_key_matches') {
    const pattern = patternOf(settings, 'condition', key, place)
    return pattern && `${name === 'no_key_matches' ? 'not ' : ''}any(${pattern})`
  }
  if (name.startsWith('matching_keys_')) {
    const [names, values] = [
      patternOf(settings, 'condition', key, place),
      patternOf(settings, 'condition', value ?? '', place),
    ]
    if (names === undefined || values === undefined) return undefined
    if (name === 'matching_keys_have_matching_values') return `all(${names}) matches ${values}`
    return name === 'matching_keys_do_not_have_matching_values'
      ? `not any(${names}) matches ${values}`
      : fail()
  }
  const field = fieldOf(settings, 'condition', key, place)
  if (field === undefined) return undefined
  if (name === 'key_exists') return `exists(${field})`
  if (name === 'key_does_not_exist') return `not exists(${field})`
  if (value === undefined) return fail()
  if (name === 'key_value_equals') return `${field} == ${quoted(value)}`
  if (name === 'key_value_does_not_equal') return `(exists(${field}) and ${field} != ${quoted(value)})`
  const pattern = patternOf(settings, 'condition', value, place)
  if (pattern === undefined) return undefined
  if (name === 'key_value_matches') return `${field} matches ${pattern}`
  if (name === 'key_value_does_not_match') return `(exists(${field}) and not ${field} matches ${pattern})`
  return fail()
}

/** A name as a field of the top. */
function field(name: string): string {
  return fieldNotation([name]) ?? name
}
