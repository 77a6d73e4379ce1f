import { isEqual, isLess } from './compare.ts'
import { sprint, sprintln } from './fmt/print.ts'
import { sprintf } from './fmt/printf.ts'
import { isPrintable } from './quote.ts'
import { GoFunction, GoUint, isTrue, kindOf, StringMap, stringIn, typeNameOf, type Value } from './value.ts'

const ANY = Number.POSITIVE_INFINITY

/** The functions that every template has. `and`, `or` and `call` are done where templates are executed. */
export const BUILTINS: ReadonlyMap<string, GoFunction> = new Map(
  [
    new GoFunction('and', 1, ANY, (...given) => given.find(each => !isTrue(each)) ?? given.at(-1)),
    new GoFunction('or', 1, ANY, (...given) => given.find(isTrue) ?? given.at(-1)),
    new GoFunction('call', 1, ANY, call),
    new GoFunction('not', 1, 1, value => !isTrue(value)),
    new GoFunction('eq', 1, ANY, (first, ...others) => isEqual(first, others)),
    new GoFunction('ne', 2, 2, (left, right) => !isEqual(left, [right])),
    new GoFunction('lt', 2, 2, isLess),
    new GoFunction('le', 2, 2, (left, right) => isLess(left, right) || isEqual(left, [right])),
    new GoFunction('gt', 2, 2, (left, right) => !(isLess(left, right) || isEqual(left, [right]))),
    new GoFunction('ge', 2, 2, (left, right) => !isLess(left, right)),
    new GoFunction('index', 1, ANY, index),
    new GoFunction('slice', 1, ANY, slice),
    new GoFunction('len', 1, 1, length),
    new GoFunction('print', 0, ANY, (...given) => sprint(given)),
    new GoFunction('println', 0, ANY, (...given) => sprintln(given)),
    new GoFunction('printf', 1, ANY, (format, ...given) => sprintf(stringIn(format), given), [
      'string',
      'any',
    ]),
    new GoFunction('html', 0, ANY, (...given) => html(evaluated(given))),
    new GoFunction('js', 0, ANY, (...given) => javascript(evaluated(given))),
    new GoFunction('urlquery', 0, ANY, (...given) => urlQuery(evaluated(given))),
  ].map(each => [each.name, each]),
)

function call(callee: Value, ...given: Value[]): Value {
  if (callee === null || callee === undefined) throw new Error('call of nil')
  if (!(callee instanceof GoFunction)) throw new Error(`non-function of type ${typeNameOf(callee)}`)
  if (given.length < callee.least)
    throw new Error(
      `wrong number of args for ${callee.name}: got ${given.length} want ${callee.most === callee.least ? '' : 'at least '}${callee.least}`,
    )
  if (given.length > callee.most)
    throw new Error(`wrong number of args for ${callee.name}: got ${given.length} want ${callee.most}`)
  return callee.call(given)
}

function index(item: Value, ...indexes: readonly Value[]): Value {
  if (item === null || item === undefined) throw new Error('index of untyped nil')
  let current: Value = item
  for (const each of indexes) {
    if (current === null || current === undefined) throw new Error('index of nil pointer')
    switch (kindOf(current)) {
      case 'string': {
        const bytes = new TextEncoder().encode(stringIn(current))
        current = new GoUint(BigInt(bytes[itemIn(each, bytes.length, 'string')]!))
        break
      }
      case 'slice': {
        const items = current as readonly Value[] | Uint8Array
        const found: Value = items[itemIn(each, items.length, 'slice')]
        current = items instanceof Uint8Array ? new GoUint(BigInt(found as number)) : found
        break
      }
      case 'map':
        current = entryOf(current as ReadonlyMap<Value, Value>, each)
        break
      default:
        throw new Error(`can't index item of type ${typeNameOf(current)}`)
    }
  }
  return current
}

function entryOf(map: ReadonlyMap<Value, Value>, key: Value): Value {
  const some = map.keys().next().value
  if (key === null || key === undefined)
    throw new Error(`value is nil; should be of type ${typeNameOf(some ?? '')}`)
  if (typeof (some ?? '') !== typeof key)
    throw new Error(`value has type ${typeNameOf(key)}; should be ${typeNameOf(some ?? '')}`)
  if (map.has(key)) return map.get(key)
  return map instanceof StringMap ? '' : undefined
}

function itemIn(value: Value, length: number, kind: 'slice' | 'string'): number {
  const at = indexIn(value, length)
  // One past the end is found out later in Go, and in other words.
  if (at === length) throw new Error(`reflect: ${kind} index out of range`)
  return at
}

/** From zero to one past the end. */
function indexIn(value: Value, length: number): number {
  let at: bigint
  if (typeof value === 'bigint') at = value
  else if (value instanceof GoUint) at = BigInt.asIntN(64, value.value)
  else if (value === null || value === undefined) throw new Error('cannot index slice/array with nil')
  else throw new Error(`cannot index slice/array with type ${typeNameOf(value)}`)
  if (at < 0n || at > BigInt(length)) throw new Error(`index out of range: ${at}`)
  return Number(at)
}

function slice(item: Value, ...indexes: readonly Value[]): Value {
  if (item === null || item === undefined) throw new Error('slice of untyped nil')
  if (indexes.length > 3) throw new Error(`too many slice indexes: ${indexes.length}`)
  const kind = kindOf(item)
  if (kind !== 'string' && kind !== 'slice') throw new Error(`can't slice item of type ${typeNameOf(item)}`)
  if (kind === 'string' && indexes.length === 3) throw new Error('cannot 3-index slice a string')
  const items =
    kind === 'string' ? new TextEncoder().encode(stringIn(item)) : (item as readonly Value[] | Uint8Array)
  const [from = 0, to = items.length, cap = items.length] = indexes.map(each => indexIn(each, items.length))
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`)
  if (to > cap) throw new Error(`invalid slice index: ${to} > ${cap}`)
  if (kind === 'string') return new TextDecoder().decode((items as Uint8Array).subarray(from, to))
  return items.slice(from, to) as Value
}

function length(item: Value): Value {
  switch (kindOf(item)) {
    case 'invalid':
    case 'nil':
      throw new Error('len of nil pointer')
    case 'string':
      return BigInt(new TextEncoder().encode(stringIn(item)).length)
    case 'slice':
      return BigInt((item as readonly Value[]).length)
    case 'map':
      return BigInt((item as ReadonlyMap<Value, Value>).size)
    default:
      throw new Error(`len of type ${typeNameOf(item)}`)
  }
}

/** One text of all arguments: itself when there is one, else as print makes it. */
function evaluated(given: readonly Value[]): string {
  const [only] = given
  if (given.length === 1 && typeof only === 'string') return only
  return sprint(given.map(each => (each === null || each === undefined ? '<no value>' : each)))
}

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

function html(text: string): string {
  return text.replaceAll(/[\0"'&<>]/g, char => HTML[char]!)
}

const JAVASCRIPT: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

function javascript(text: string): string {
  let out = ''
  for (const char of text) {
    const code = char.codePointAt(0)!
    const known = JAVASCRIPT[char]
    if (known !== undefined) out += known
    else if (code < 0x20 || (code >= 0x80 && !isPrintable(char)))
      out += `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
    else out += char
  }
  return out
}

/** As url.QueryEscape: all but letters, digits and -_.~ escaped, spaces as plus. */
function urlQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
