import { BUILTINS } from '../../../../wire/gotemplate/builtins.ts'
import { GoStruct, kindOf, stringIn, typeNameOf, type Value } from '../../../../wire/gotemplate/value.ts'
import { JsonNumber } from '../../../../wire/json/lossless.ts'
import { type Family, variadic } from './define.ts'

/** `spew_sdump` and `spew_sprintf`: values with their types, while a template is tried out (go-spew). */
export const SPEW: Family = [
  variadic('spew_sdump', ['any'], (...values: Value[]) =>
    values.map(each => `${dumped(each, '')}\n`).join(''),
  ),
  variadic('spew_sprintf', ['string', 'any'], (format: string, ...values: Value[]) => {
    let at = 0
    const given = [...values]
    const plain = format.replace(VERB, (verb, flags: string) => {
      if (verb === '%%') return verb
      const n = at++
      if (!flags.includes('#') || !verb.endsWith('v') || n >= given.length) return verb
      given[n] = typed(given[n])
      return '%s'
    })
    return BUILTINS.get('printf')!.call([plain, ...given])
  }),
]

const VERB = /%([-+# 0]*)[\d.]*[a-zA-Z%]/g

/** On lines of their own, with lengths. Pointers are without their address, which says nothing. */
function dumped(value: Value, indent: string): string {
  if (value === null || value === undefined) return '(interface {}) <nil>'
  const inner = `${indent} `
  const type = `(${typeNameOf(value)}) `
  const lines = (parts: readonly string[]) =>
    `{\n${parts.map(part => `${inner}${part}`).join(',\n')}${parts.length === 0 ? '' : '\n'}${indent}}`
  switch (kindOf(value)) {
    case 'string': {
      const text = stringIn(value)
      const length = Buffer.byteLength(text)
      const shown = value instanceof JsonNumber ? text : quoted(text)
      return `${type}${length === 0 ? '' : `(len=${length}) `}${shown}`
    }
    case 'slice': {
      const items = value instanceof Uint8Array ? [...value].map(BigInt) : (value as readonly Value[])
      const size = items.length === 0 ? '' : `(len=${items.length} cap=${items.length}) `
      return `${type}${size}${lines(items.map(each => dumped(each, inner)))}`
    }
    case 'map': {
      const entries = [...(value as ReadonlyMap<Value, Value>)]
      const size = entries.length === 0 ? '' : `(len=${entries.length}) `
      return `${type}${size}${lines(entries.map(([key, each]) => `${dumped(key, inner)}: ${dumped(each, inner)}`))}`
    }
    case 'struct': {
      const fields = [...(value as GoStruct).fields]
      return `${type}${lines(fields.map(([name, each]) => `${name}: ${dumped(each, inner)}`))}`
    }
    default:
      return `${type}${printed(value)}`
  }
}

/** On one line; what is in a list has its type only where the list does not say it. */
function typed(value: Value): string {
  if (value === null || value === undefined) return '(interface {})<nil>'
  return `(${typeNameOf(value)})${inline(value)}`
}

function inline(value: Value): string {
  const each = (item: Value, known: boolean) => (known ? inline(item) : typed(item))
  if (value instanceof Map) {
    const known = typeNameOf(value).endsWith(']string')
    return `map[${[...value].map(([key, item]) => `${inline(key)}:${each(item, known)}`).join(' ')}]`
  }
  if (Array.isArray(value)) {
    const known = typeNameOf(value) === '[]string'
    return `[${value.map(item => each(item, known)).join(' ')}]`
  }
  if (value instanceof GoStruct)
    return `{${[...value.fields].map(([name, item]) => `${name}:${typed(item)}`).join(' ')}}`
  return printed(value)
}

function printed(value: Value): string {
  return stringIn(BUILTINS.get('printf')!.call(['%v', value]))
}

function quoted(text: string): string {
  return stringIn(BUILTINS.get('printf')!.call(['%q', text]))
}
