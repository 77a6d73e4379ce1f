import { fieldOf } from '../../conditions.ts'
import { readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

const repeated = { repeated: true } as const

/** What a rule says of a field, in our language of conditions. */
const RULES: Readonly<Record<string, (field: string, value: string) => string>> = {
  key_exists: field => `exists(${field})`,
  key_not_exists: field => `not exists(${field})`,
  key_val_is_null: field => `${field} == null`,
  key_val_is_not_null: field => `exists(${field}) and not (${field} == null)`,
  key_val_eq: (field, value) => `${field} == ${JSON.stringify(value)}`,
}

/** The exit code of the original. */
const EXIT_CODE = 255

/** Checks records. */
export const expect: FilterPlugin = {
  about: 'Checks records: warns, ends the process, or notes the result',
  options: {
    key_exists: option.text(undefined, repeated),
    key_not_exists: option.text(undefined, repeated),
    key_val_is_null: option.text(undefined, repeated),
    key_val_is_not_null: option.text(undefined, repeated),
    key_val_eq: option.text(undefined, repeated),
    action: option.text('warn'),
    result_key: option.text('matched'),
  },
  translate(settings, around) {
    const conditions = settings.ordered(Object.keys(RULES)).flatMap(({ key, text, place }) => {
      const [name, ...value] = readWords(text)
      const field = fieldOf(settings, key, name, place)
      return field === undefined ? [] : [RULES[key](field, value.join(' '))]
    })
    const action = settings.choice('action', ['warn', 'exit', 'result_key'] as const) ?? 'warn'
    if (conditions.length === 0) {
      settings.fail(settings.place, 'key_exists', 'or another rule is missing', 'key_exists $id')
      return undefined
    }
    if (action === 'exit')
      around.exits.push({ kind: 'unexpected record', why: 'a record is not as expected', code: EXIT_CODE })
    const result = settings.text('result_key') ?? 'matched'
    const field = action === 'result_key' ? fieldOf(settings, 'result_key', result) : undefined
    return [{ expect: { conditions, ...(field !== undefined && { result: field }) } }]
  },
}
