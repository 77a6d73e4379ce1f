import { type GoFunction, typeNameOf, type Value } from '../../../../wire/gotemplate/value.ts'
import { parseLossless } from '../../../../wire/json/lossless.ts'
import { sameData } from '../../secret/same-data.ts'
import { type Family, fixed, variadic } from '../functions/define.ts'
import { asGo } from '../functions/parsing.ts'
import { toJson } from '../functions/writing.ts'
import { goKind, isEmpty } from './convert.ts'
import { mustToo } from './lists.ts'

/** What stands for what is not given, what values are, and JSON. */
export const DEFAULTS: Family = [
  variadic('default', ['any', 'any'], (otherwise: Value, ...given: Value[]) =>
    given.length === 0 || isEmpty(given[0]) ? otherwise : given[0],
  ),
  fixed('empty', ['any'], isEmpty),
  variadic('coalesce', ['any'], (...given: Value[]) => given.find(each => !isEmpty(each)) ?? null),
  variadic('all', ['any'], (...given: Value[]) => given.every(each => !isEmpty(each))),
  variadic('any', ['any'], (...given: Value[]) => given.some(each => !isEmpty(each))),
  fixed('ternary', ['any', 'any', 'bool'], (yes: Value, no: Value, which: boolean) => (which ? yes : no)),
  fixed('fail', ['string'], (message: string) => {
    throw new Error(message)
  }),
  fixed('typeOf', ['any'], typeNameOf),
  fixed('typeIs', ['string', 'any'], (name: string, value: Value) => typeNameOf(value) === name),
  fixed('typeIsLike', ['string', 'any'], (name: string, value: Value) =>
    [name, `*${name}`].includes(typeNameOf(value)),
  ),
  fixed('kindOf', ['any'], goKind),
  fixed('kindIs', ['string', 'any'], (name: string, value: Value) => goKind(value) === name),
  fixed('deepEqual', ['any', 'any'], (left: Value, right: Value) => sameData(left, right)),
  fixed('fromJson', ['string'], (text: string) => {
    try {
      return asGo(parseLossless(text))
    } catch {
      return null
    }
  }),
  fixed('mustFromJson', ['string'], (text: string) => asGo(parseLossless(text))),
  ...writer('toJson', { escapeHtml: true }),
  ...writer('toPrettyJson', { escapeHtml: true, indent: '  ' }),
  ...writer('toRawJson', { escapeHtml: false }),
]

function writer(name: string, options: { escapeHtml: boolean; indent?: string }): GoFunction[] {
  return mustToo(name, each =>
    fixed(each, ['any'], (value: Value) => {
      try {
        return toJson(value, options)
      } catch (error) {
        if (each === 'toJson' || each === 'toPrettyJson') return ''
        throw error
      }
    }),
  )
}
