import { formatFloat } from '../../../../wire/gotemplate/fmt/float.ts'
import {
  type GoStruct,
  type GoUint,
  kindOf,
  sortedEntries,
  stringIn,
  typeNameOf,
  type Value,
} from '../../../../wire/gotemplate/value.ts'
import { JsonNumber } from '../../../../wire/json/lossless.ts'
import { type Family, fixed } from './define.ts'
import { toToml } from './toml.ts'
import { toYaml } from './yaml.ts'

/** Values as documents. */
export const WRITING: Family = [
  fixed('toJSON', ['any'], (value: Value) => toJson(value, { escapeHtml: true })),
  fixed('toJSONPretty', ['any'], (value: Value) => toJson(value, { escapeHtml: true, indent: '  ' })),
  fixed('toUnescapedJSON', ['any'], (value: Value) => toJson(value, { escapeHtml: false })),
  fixed('toUnescapedJSONPretty', ['any'], (value: Value) =>
    toJson(value, { escapeHtml: false, indent: '  ' }),
  ),
  fixed('toYAML', ['any'], (value: Value) => toYaml(value)),
  fixed('toTOML', ['any'], (value: Value) => toToml(value)),
]

interface JsonOptions {
  readonly escapeHtml: boolean
  readonly indent?: string
}

/** As encoding/json writes: keys sorted, `<`, `>` and `&` escaped unless told otherwise. */
export function toJson(value: Value, options: JsonOptions, indent = ''): string {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return 'null'
    case 'bool':
      return String(value)
    case 'string':
      return value instanceof JsonNumber ? value.text : jsonText(stringIn(value), options.escapeHtml)
    case 'int':
      return String(value)
    case 'uint':
      return String((value as GoUint).value)
    case 'float64':
      return jsonNumber(value as number)
    case 'slice':
      if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`
      return listed('[', ']', Array.from(value as readonly Value[]), options, indent, (item, deeper) =>
        toJson(item, options, deeper),
      )
    case 'map':
      return members(sortedEntries(value as ReadonlyMap<Value, Value>), options, indent)
    case 'struct':
      return members([...(value as GoStruct).fields], options, indent)
    case 'complex128':
    case 'func':
      throw new Error(`json: unsupported type: ${typeNameOf(value)}`)
  }
}

function members(
  entries: readonly (readonly [Value, Value])[],
  options: JsonOptions,
  indent: string,
): string {
  return listed('{', '}', entries, options, indent, ([key, item], deeper) => {
    const name = typeof key === 'string' ? key : toJson(key, options)
    return `${jsonText(name, options.escapeHtml)}:${options.indent === undefined ? '' : ' '}${toJson(item, options, deeper)}`
  })
}

function listed<T>(
  open: string,
  close: string,
  items: readonly T[],
  options: JsonOptions,
  indent: string,
  write: (item: T, indent: string) => string,
): string {
  if (items.length === 0) return open + close
  if (options.indent === undefined) return open + items.map(item => write(item, '')).join(',') + close
  const deeper = indent + options.indent
  return `${open}\n${items.map(item => deeper + write(item, deeper)).join(',\n')}\n${indent}${close}`
}

/** Exponents where encoding/json has them: below 1e-6 and from 1e21 on. */
function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new Error('json: unsupported value')
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-6 || size >= 1e21))
    return formatFloat(value, 'e', -1).replace(/e-0(\d)$/, 'e-$1')
  return formatFloat(value, 'f', -1)
}

function jsonText(text: string, escapeHtml: boolean): string {
  const json = JSON.stringify(text.toWellFormed())
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  if (!escapeHtml) return json
  return json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026')
}
