import {
  kindOf,
  StringSlice,
  sortedEntries,
  stringIn,
  type Value,
} from '../../../../wire/gotemplate/value.ts'
import { merged } from '../functions/collections.ts'
import { type Family, fixed, variadic } from '../functions/define.ts'
import { dictOf, textOf } from './convert.ts'
import { mustToo } from './lists.ts'

/** Mappings. `set`, `unset` and `merge` change the one that they are given; keys and values come in the order of the keys. */
export const DICTS: Family = [
  variadic('dict', ['any'], (...given: Value[]) => {
    const dict = new Map<Value, Value>()
    for (let at = 0; at < given.length; at += 2)
      dict.set(textOf(given[at]), at + 1 < given.length ? given[at + 1] : '')
    return dict
  }),
  fixed('get', ['any', 'string'], (dict: Value, key: string) =>
    dictOf(dict).has(key) ? dictOf(dict).get(key) : '',
  ),
  fixed('set', ['any', 'string', 'any'], (dict: Value, key: string, value: Value) =>
    dictOf(dict).set(key, value),
  ),
  fixed('unset', ['any', 'string'], (dict: Value, key: string) => {
    dictOf(dict).delete(key)
    return dict
  }),
  fixed('hasKey', ['any', 'string'], (dict: Value, key: string) => dictOf(dict).has(key)),
  variadic('pluck', ['string', 'any'], (key: string, ...dicts: Value[]) =>
    dicts.filter(each => dictOf(each).has(key)).map(each => dictOf(each).get(key)),
  ),
  variadic('keys', ['any'], (...dicts: Value[]) =>
    StringSlice.from(dicts.flatMap(each => sortedEntries(dictOf(each)).map(([key]) => key))),
  ),
  fixed('values', ['any'], (dict: Value) => sortedEntries(dictOf(dict)).map(([, value]) => value)),
  variadic(
    'pick',
    ['any', 'string'],
    (dict: Value, ...keys: string[]) =>
      new Map([...dictOf(dict)].filter(([key]) => keys.includes(key as string))),
  ),
  variadic(
    'omit',
    ['any', 'string'],
    (dict: Value, ...keys: string[]) =>
      new Map([...dictOf(dict)].filter(([key]) => !keys.includes(key as string))),
  ),
  ...mustToo('merge', name =>
    variadic(name, ['any', 'any'], (into: Value, ...from: Value[]) => mergedInto(into, from, false)),
  ),
  ...mustToo('mergeOverwrite', name =>
    variadic(name, ['any', 'any'], (into: Value, ...from: Value[]) => mergedInto(into, from, true)),
  ),
  ...mustToo('deepCopy', name => fixed(name, ['any'], copied)),
  variadic('dig', ['any'], (...given: Value[]) => {
    if (given.length < 3) throw new Error('dig needs at least three arguments')
    const [otherwise, dict] = [given.at(-2), given.at(-1)]
    let at = dict
    for (const key of given.slice(0, -2)) {
      if (kindOf(key) !== 'string') throw new Error('dig: a key is no text')
      if (!dictOf(at).has(stringIn(key))) return otherwise
      at = dictOf(at).get(stringIn(key))
    }
    return at
  }),
]

function mergedInto(into: Value, from: readonly Value[], override: boolean): Value {
  const dict = dictOf(into)
  for (const [key, value] of merged(into, from, override) as Map<Value, Value>) dict.set(key, value)
  return dict
}

function copied(value: Value): Value {
  if (value instanceof StringSlice) return StringSlice.from(value)
  if (Array.isArray(value)) return value.map(copied)
  if (value instanceof Map) {
    const copy = new (value.constructor as MapConstructor)<Value, Value>()
    for (const [key, item] of value) copy.set(key, copied(item))
    return copy
  }
  return value
}
