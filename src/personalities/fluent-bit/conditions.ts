import type { Settings } from './plugins/settings.ts'
import type { Item } from './syntax/document.ts'
import { isList, isMapping, isText, propertyOf, textOf } from './syntax/document.ts'
import { fieldNotation, parseAccessor } from './values/accessor.ts'
import { translateRegex } from './values/regex.ts'

/** A text in a condition of ours. */
export function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, '\\$&')}"`
}

/** Our own notation of the field that a record accessor means; undefined, and told, when it has none. */
export function fieldOf(
  settings: Settings,
  key: string,
  accessor: string,
  place = settings.placeOf(key),
): string | undefined {
  const path = parseAccessor(accessor)
  const field = path && fieldNotation(path)
  if (field !== undefined) return field
  const message =
    path === undefined
      ? `${accessor} is no record accessor`
      : `${accessor} leads into a list, which is not supported`
  settings.fail(place, key, message, "write it as $key['inner']")
  return undefined
}

/** A regular expression in a condition of ours; undefined, and told, when it has no like. */
export function patternOf(
  settings: Settings,
  key: string,
  text: string,
  place = settings.placeOf(key),
): string | undefined {
  const regex = translateRegex(text)
  if ('source' in regex) return quoted(regex.source)
  settings.fail(place, key, `${text}: ${regex.problem}`)
  return undefined
}

const OPERATORS: Readonly<Record<string, string>> = { eq: '==', gt: '>', lt: '<', gte: '>=', lte: '<=' }

/** The `condition` of a processor or of a route; undefined when it has none or is told to be wrong. */
export function conditionOf(settings: Settings, condition: Item | undefined): string | undefined {
  if (condition === undefined) return undefined
  const { value, place } = condition
  const rules = isMapping(value) ? propertyOf(value, 'rules') : undefined
  if (!isMapping(value) || rules === undefined || !isList(rules.value)) {
    settings.fail(place, 'condition', 'expected a mapping with op and a list of rules')
    return undefined
  }
  const op = textOf(value, 'op')?.toLowerCase() ?? 'and'
  if (op !== 'and' && op !== 'or') {
    settings.fail(place, 'condition', `expected op "and" or "or", got "${op}"`)
    return undefined
  }
  const tests = rules.value.map(rule => ruleNotation(settings, rule))
  return tests.some(test => test === undefined) ? undefined : tests.join(` ${op} `)
}

function ruleNotation(settings: Settings, { value, place }: Item): string | undefined {
  if (!isMapping(value)) {
    settings.fail(place, 'condition', 'expected a rule with field, op and value')
    return undefined
  }
  const [accessor, op = 'eq'] = [textOf(value, 'field'), textOf(value, 'op')?.toLowerCase()]
  const operand = propertyOf(value, 'value')?.value
  if (accessor === undefined || operand === undefined) {
    settings.fail(place, 'condition', 'expected a rule with field, op and value')
    return undefined
  }
  if (textOf(value, 'context') !== undefined && textOf(value, 'context') !== 'body') {
    settings.fail(place, 'condition', 'only fields of the record itself can be compared')
    return undefined
  }
  const field = fieldOf(settings, 'condition', accessor, place)
  if (field === undefined) return undefined
  if (op === 'in' || op === 'not_in') {
    const items = isList(operand)
      ? operand.flatMap(item => (isText(item.value) ? [literal(item.value)] : []))
      : []
    if (items.length === 0) {
      settings.fail(place, 'condition', `op ${op} needs a list of values`)
      return undefined
    }
    const test = `${field} in [${items.join(', ')}]`
    return op === 'in' ? test : `(exists(${field}) and not ${test})`
  }
  if (!isText(operand)) {
    settings.fail(place, 'condition', `op ${op} needs one value`)
    return undefined
  }
  if (op === 'regex' || op === 'not_regex') {
    const pattern = patternOf(settings, 'condition', operand, place)
    if (pattern === undefined) return undefined
    return op === 'regex'
      ? `${field} matches ${pattern}`
      : `(exists(${field}) and not ${field} matches ${pattern})`
  }
  if (op === 'neq') return `(exists(${field}) and ${field} != ${literal(operand)})`
  if (Object.hasOwn(OPERATORS, op)) return `${field} ${OPERATORS[op]} ${literal(operand)}`
  settings.fail(
    place,
    'condition',
    `unknown op "${op}"`,
    'eq, neq, gt, lt, gte, lte, regex, not_regex, in, not_in',
  )
  return undefined
}

/** Numbers are compared as numbers also where the record has them as text. */
function literal(text: string): string {
  return /^-?\d+(?:\.\d+)?$/.test(text) || text === 'true' || text === 'false' ? text : quoted(text)
}
