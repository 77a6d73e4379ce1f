import { fieldNotation } from '../../values/accessor.ts'
import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

/** Puts fields into an object, or takes them out of it. */
export const nest: FilterPlugin = {
  about: 'Puts fields into an object, or brings those of an object to the top',
  options: {
    operation: option.text(),
    wildcard: option.text(undefined, { repeated: true }),
    nest_under: option.text(),
    nested_under: option.text(),
    add_prefix: option.text(),
    prefix_with: option.text(),
    remove_prefix: option.text(),
  },
  translate(settings) {
    const operation = settings.choice('operation', ['nest', 'lift'] as const)
    if (operation === undefined) {
      if (!settings.has('operation')) settings.fail(settings.place, 'operation', 'is missing', 'nest or lift')
      return undefined
    }
    const key = operation === 'nest' ? 'nest_under' : 'nested_under'
    const name = settings.text(key)
    if (name === undefined) {
      settings.fail(settings.place, key, `is missing; operation ${operation} needs it`)
      return undefined
    }
    const [addPrefix, removePrefix] = [
      settings.text('add_prefix') ?? settings.text('prefix_with'),
      settings.text('remove_prefix'),
    ]
    const prefixes = {
      ...(addPrefix !== undefined && { addPrefix }),
      ...(removePrefix !== undefined && { removePrefix }),
    }
    const field = fieldNotation([name]) ?? name
    if (operation === 'lift') return [{ lift: { field, ...prefixes } }]
    const fields = settings.written('wildcard').map(({ text }) => text)
    if (fields.length > 0) return [{ nest: { fields, under: field, ...prefixes } }]
    settings.fail(settings.place, 'wildcard', 'is missing; operation nest needs it')
    return undefined
  },
}
