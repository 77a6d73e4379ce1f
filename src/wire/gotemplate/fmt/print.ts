import { kindOf, type Value } from '../value.ts'
import { noFlags } from './flags.ts'
import { formatValue } from './format-value.ts'

const PLAIN = noFlags()

/** As `%v` prints a value. */
export function printed(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return String(value)
  return formatValue(value, 'v', PLAIN)
}

/** As fmt.Sprint: a space between operands when neither is a string. */
export function sprint(given: readonly Value[]): string {
  let text = ''
  for (const [index, value] of given.entries()) {
    const isString = kindOf(value) === 'string'
    if (index > 0 && !isString && kindOf(given[index - 1]) !== 'string') text += ' '
    text += printed(value)
  }
  return text
}

/** As fmt.Sprintln: spaces between all operands, a line feed at the end. */
export function sprintln(given: readonly Value[]): string {
  return `${given.map(printed).join(' ')}\n`
}
