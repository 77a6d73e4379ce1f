import { fieldOf } from '../../conditions.ts'
import { fieldNotation } from '../../values/accessor.ts'
import { readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

const KEYS = ['int_key', 'uint_key', 'float_key', 'str_key'] as const
const TYPES: Readonly<Record<string, string>> = {
  int: 'integer',
  uint: 'integer',
  float: 'float',
  hex: 'hex',
  string: 'string',
  str: 'string',
}

/** Puts a value of another type beside a field. */
export const typeConverter: FilterPlugin = {
  about: 'Converts the types of values',
  options: Object.fromEntries(KEYS.map(key => [key, option.text(undefined, { repeated: true })])),
  translate(settings) {
    const steps = settings.ordered(KEYS).map(({ key, text, place }) => {
      const [from, to, type] = readWords(text)
      const known = TYPES[type?.toLowerCase() ?? '']
      if (from === undefined || to === undefined || known === undefined) {
        settings.fail(
          place,
          key,
          `expected KEY NEW_KEY TYPE, got "${text}"`,
          'types are int, uint, float, hex, string',
        )
        return undefined
      }
      const source = fieldOf(settings, key, from, place)
      const target = fieldNotation([to]) ?? to
      if (source === undefined) return undefined
      return [{ copy: { fields: { [source]: target } } }, { convert: { fields: { [target]: known } } }]
    })
    return steps.includes(undefined) ? undefined : steps.flatMap(each => each ?? [])
  },
}
