import { formatFloat } from '../../../../wire/gotemplate/fmt/float.ts'
import {
  GoStruct,
  type GoUint,
  kindOf,
  sortedEntries,
  stringIn,
  typeNameOf,
  type Value,
} from '../../../../wire/gotemplate/value.ts'

/** TOML as Go's usual encoder writes it: plain keys first, then tables, each sorted. Without the line feed at its end. */
export function toToml(value: Value): string {
  if (!(value instanceof Map) && !(value instanceof GoStruct))
    throw new Error(`toml: the outermost value must be a map, got one of type ${typeNameOf(value)}`)
  const lines: string[] = []
  writeTable(entriesOf(value), [], lines)
  return lines.join('\n').trim()
}

type Table = readonly (readonly [string, Value])[]

function entriesOf(value: Value): Table {
  if (value instanceof GoStruct) return [...value.fields]
  return sortedEntries(value as ReadonlyMap<Value, Value>).map(([key, item]) => [String(key), item] as const)
}

function writeTable(entries: Table, path: readonly string[], lines: string[]): void {
  const here = entries.filter(([, value]) => value !== null && value !== undefined)
  for (const [key, value] of here)
    if (!isTable(value) && !isTableList(value))
      lines.push(`${'  '.repeat(path.length)}${keyOf(key)} = ${inline(value)}`)
  for (const [key, value] of here) {
    const deeper = [...path, keyOf(key)]
    const indent = '  '.repeat(path.length)
    if (isTable(value)) {
      if (path.length === 0 && lines.length > 0) lines.push('')
      lines.push(`${indent}[${deeper.join('.')}]`)
      writeTable(entriesOf(value), deeper, lines)
    } else if (isTableList(value))
      for (const item of value as readonly Value[]) {
        lines.push('', `${indent}[[${deeper.join('.')}]]`)
        writeTable(entriesOf(item), deeper, lines)
      }
  }
}

function isTable(value: Value): boolean {
  return value instanceof Map || value instanceof GoStruct
}

function isTableList(value: Value): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isTable)
}

function keyOf(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : quoted(key)
}

function inline(value: Value): string {
  switch (kindOf(value)) {
    case 'bool':
    case 'int':
      return String(value)
    case 'uint':
      return String((value as GoUint).value)
    case 'string':
      return quoted(stringIn(value))
    case 'float64': {
      const text = formatFloat(value as number, 'f', -1)
      return /[.a-zN]/.test(text)
        ? text.replace('+Inf', 'inf').replace('-Inf', '-inf').replace('NaN', 'nan')
        : `${text}.0`
    }
    case 'slice':
      return `[${Array.from(value as readonly Value[], inline).join(', ')}]`
    case 'map':
      return `{${entriesOf(value)
        .map(([key, item]) => `${keyOf(key)} = ${inline(item)}`)
        .join(', ')}}`
    default:
      throw new Error(`toml: cannot encode a value of type ${typeNameOf(value)}`)
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll(/[\0-\x1f"\\\x7f]/g, char => ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
}
