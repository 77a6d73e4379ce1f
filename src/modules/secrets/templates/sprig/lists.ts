import { compareTexts, kindOf, StringSlice, type Value } from '../../../../wire/gotemplate/value.ts'
import { sameData } from '../../secret/same-data.ts'
import { type Family, fixed, variadic } from '../functions/define.ts'
import { integerOf, isEmpty, itemsOf, textOf, textsOf } from './convert.ts'

/** Lists. None is changed in place. */
export const LISTS: Family = [
  variadic('list', ['any'], (...given: Value[]) => given),
  variadic('tuple', ['any'], (...given: Value[]) => given),
  ...both('append', pushed),
  ...both('push', pushed),
  ...both('prepend', (list, item) => [item, ...itemsOf(list, 'prepend on')]),
  ...both('first', list => itemsOf(list, 'find first on')[0] ?? null, 1),
  ...both('last', list => itemsOf(list, 'find last on').at(-1) ?? null, 1),
  ...both('rest', list => itemsOf(list, 'find rest on').slice(1), 1),
  ...both('initial', list => itemsOf(list, 'find initial on').slice(0, -1), 1),
  ...both('reverse', list => itemsOf(list, 'find reverse on').reverse(), 1),
  ...both('compact', list => itemsOf(list, 'compact on').filter(item => !isEmpty(item)), 1),
  ...both(
    'uniq',
    list => {
      const seen: Value[] = []
      for (const item of itemsOf(list, 'find uniq on')) if (!holds(seen, item)) seen.push(item)
      return seen
    },
    1,
  ),
  ...both(
    'has',
    (item, list) => list !== null && list !== undefined && holds(itemsOf(list, 'find has on'), item),
  ),
  ...both('chunk', (size, list) => chunks(size, list)),
  ...mustToo('without', name =>
    variadic(name, ['any', 'any'], (list: Value, ...omitted: Value[]) =>
      itemsOf(list, 'find without on').filter(item => !holds(omitted, item)),
    ),
  ),
  ...mustToo('slice', name => variadic(name, ['any', 'any'], sliced)),
  variadic('concat', ['any'], (...lists: Value[]) => lists.flatMap(list => itemsOf(list, 'concat'))),
  fixed('sortAlpha', ['any'], (list: Value) =>
    StringSlice.from(kindOf(list) === 'slice' ? textsOf(list).sort(compareTexts) : [textOf(list)]),
  ),
]

/** Each has a second name, with must before it; here both say what is wrong. */
export function mustToo<T>(name: string, make: (name: string) => T): T[] {
  return [make(name), make(`must${name[0]!.toUpperCase()}${name.slice(1)}`)]
}

function both(name: string, call: (first: Value, second: Value) => Value, arguments_ = 2) {
  return mustToo(name, each =>
    fixed(each, Array(arguments_).fill('any'), call as (...given: never[]) => Value),
  )
}

function pushed(list: Value, item: Value): Value {
  return [...itemsOf(list, 'push on'), item]
}

function holds(list: readonly Value[], item: Value): boolean {
  return list.some(each => sameData(each, item))
}

function chunks(size: Value, list: Value): Value {
  const [items, length] = [itemsOf(list, 'chunk'), Number(integerOf(size))]
  if (length < 1) throw new Error('the size of a chunk must be at least 1')
  return Array.from({ length: Math.ceil(items.length / length) }, (_, at) =>
    items.slice(at * length, (at + 1) * length),
  )
}

function sliced(list: Value, ...indexes: Value[]): Value {
  const items = itemsOf(list, 'slice')
  if (items.length === 0) return null
  const from = indexes.length > 0 ? integerOf(indexes[0]) : 0n
  const to = indexes.length > 1 ? integerOf(indexes[1]) : BigInt(items.length)
  if (from < 0n || from > to || to > items.length) throw new Error('slice index out of bounds')
  const part = items.slice(Number(from), Number(to))
  return list instanceof StringSlice ? StringSlice.from(part) : part
}
