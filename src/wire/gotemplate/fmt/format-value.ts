import { quote } from '../quote.ts'
import {
  type GoComplex,
  type GoStruct,
  type GoUint,
  kindOf,
  sortedEntries,
  stringIn,
  typeNameOf,
  type Value,
} from '../value.ts'
import { type Flags, padded } from './flags.ts'
import { formatComplex, formatFloatVerb, formatInteger } from './format-number.ts'

const BYTE_VERBS = new Set(['b', 'o', 'O', 'd', 'x', 'X', 'c', 'q', 'U', 'v'])

/** A value by a verb; `%!verb(type=value)` where that is none for it. `depth`: in how many containers it is. */
export function formatValue(value: Value, verb: string, flags: Flags, depth = 0): string {
  if (value === null || value === undefined) return formatNil(verb, flags, depth)
  if (verb === 'T') return padded(cut(typeNameOf(value), flags), flags)
  return formatted(value, verb, flags, depth) ?? badVerb(value, verb, flags)
}

/** Nothing in a container is that for every verb. */
function formatNil(verb: string, flags: Flags, depth: number): string {
  if (depth > 0) return flags.sharpV ? 'interface {}(nil)' : '<nil>'
  return verb === 'v' || verb === 'T' ? padded('<nil>', flags) : `%!${verb}(<nil>)`
}

function badVerb(value: Value, verb: string, flags: Flags): string {
  return `%!${verb}(${typeNameOf(value)}=${formatValue(value, 'v', flags)})`
}

/** Undefined for a verb that is none for such a value. */
function formatted(value: Value, verb: string, flags: Flags, depth: number): string | undefined {
  // Addresses would be others each time.
  if (verb === 'p') return undefined
  // Only fmt.Errorf wraps errors; of bytes Go asks each one.
  if (verb === 'w' && !(value instanceof Uint8Array)) return undefined
  switch (kindOf(value)) {
    case 'bool':
      return verb === 't' || verb === 'v' ? padded(String(value), flags) : undefined
    case 'string':
      return formatString(stringIn(value), verb, flags)
    case 'int':
      return formatInteger(value as bigint, verb, flags)
    case 'uint':
      return formatUnsigned((value as GoUint).value, verb, flags)
    case 'float64':
      return formatFloatVerb(value as number, verb, flags)
    case 'complex128':
      return formatComplex(value as GoComplex, verb, flags)
    case 'slice':
      if (value instanceof Uint8Array) return formatBytes(value, verb, flags, depth)
      return formatSlice(value as readonly Value[], verb, flags, depth)
    case 'map':
      return formatMap(value as ReadonlyMap<Value, Value>, verb, flags, depth)
    case 'struct': {
      // As fmt has it, what can say what it is does so.
      const own = (value as GoStruct).methods.get('String')
      if (own !== undefined && 'vs'.includes(verb) && !flags.sharpV)
        return formatString(own.call([]) as string, verb, flags)
      return formatStruct(value as GoStruct, verb, flags, depth)
    }
    default:
      return '0x1'
  }
}

function formatSlice(items: readonly Value[], verb: string, flags: Flags, depth: number): string {
  const all = Array.from(items, item => formatValue(item, verb, flags, depth + 1))
  return flags.sharpV ? `${typeNameOf(items)}{${all.join(', ')}}` : `[${all.join(' ')}]`
}

function formatMap(map: ReadonlyMap<Value, Value>, verb: string, flags: Flags, depth: number): string {
  const entries = sortedEntries(map).map(
    ([key, value]) =>
      `${formatValue(key, verb, flags, depth + 1)}:${formatValue(value, verb, flags, depth + 1)}`,
  )
  return flags.sharpV ? `${typeNameOf(map)}{${entries.join(', ')}}` : `map[${entries.join(' ')}]`
}

function formatStruct({ typeName, fields }: GoStruct, verb: string, flags: Flags, depth: number): string {
  const isPointer = typeName.startsWith('*')
  // Go shows the address, as what it points at may point back.
  if (isPointer && depth > 0) return flags.sharpV ? `(${typeName})(0xc000000000)` : '0xc000000000'
  const named = flags.plusV || flags.sharpV
  const all = [...fields].map(
    ([name, value]) => `${named ? `${name}:` : ''}${formatValue(value, verb, flags, depth + 1)}`,
  )
  const shown = flags.sharpV ? `${typeName.replace('*', '')}{${all.join(', ')}}` : `{${all.join(' ')}}`
  return isPointer ? `&${shown}` : shown
}

function cut(text: string, { precision }: Flags): string {
  return precision === undefined ? text : [...text].slice(0, precision).join('')
}

function formatString(text: string, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
      return flags.sharpV ? quoted(text, flags) : padded(cut(text, flags), flags)
    case 's':
      return padded(cut(text, flags), flags)
    case 'q':
      return quoted(text, flags)
    case 'x':
    case 'X':
      return hexOf(new TextEncoder().encode(text), verb, flags)
    default:
      return undefined
  }
}

function quoted(text: string, flags: Flags): string {
  const shown = cut(text, flags)
  const isRaw = flags.sharp && [...shown].every(canStandRaw)
  return padded(isRaw ? `\`${shown}\`` : quote(shown, flags.plus), flags)
}

/** By strconv.CanBackquote. */
function canStandRaw(char: string): boolean {
  const code = char.codePointAt(0)!
  return code === 9 || (code >= 0x20 && char !== '`' && code !== 0x7f && code !== 0xfeff)
}

function formatUnsigned(value: bigint, verb: string, flags: Flags): string | undefined {
  if (verb === 'v' && flags.sharpV) return formatInteger(value, 'x', { ...flags, sharp: true })
  return formatInteger(value, verb, flags)
}

function formatBytes(bytes: Uint8Array, verb: string, flags: Flags, depth: number): string {
  switch (verb) {
    case 's':
    case 'q':
      return formatString(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), verb, flags)!
    case 'x':
    case 'X':
      return hexOf(bytes, verb, flags)
  }
  const all = Array.from(bytes, byte => formatByte(BigInt(byte), verb, flags))
  // Only by itself it is called by its short name.
  if (flags.sharpV) return `${depth === 0 && verb === 'v' ? '[]byte' : '[]uint8'}{${all.join(', ')}}`
  return `[${all.join(' ')}]`
}

function formatByte(byte: bigint, verb: string, flags: Flags): string {
  if (BYTE_VERBS.has(verb)) return formatUnsigned(byte, verb, flags)!
  return `%!${verb}(uint8=${formatUnsigned(byte, 'v', flags)})`
}

function hexOf(bytes: Uint8Array, verb: string, flags: Flags): string {
  const shown = flags.precision === undefined ? bytes : bytes.subarray(0, flags.precision)
  const pairs = Array.from(shown, byte => byte.toString(16).padStart(2, '0'))
  const prefix = flags.sharp && shown.length > 0 ? '0x' : ''
  const text = flags.space ? pairs.map(pair => prefix + pair).join(' ') : prefix + pairs.join('')
  return padded(verb === 'X' ? text.toUpperCase() : text, flags)
}
