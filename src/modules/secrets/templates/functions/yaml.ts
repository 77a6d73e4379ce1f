import { stringify } from 'yaml'
import {
  type GoStruct,
  type GoUint,
  kindOf,
  sortedEntries,
  type Value,
} from '../../../../wire/gotemplate/value.ts'
import { JsonNumber } from '../../../../wire/json/lossless.ts'

/** YAML in block style with sorted keys, without the line feed at its end. */
export function toYaml(value: Value): string {
  return stringify(plain(value), {
    version: '1.1',
    schema: 'yaml-1.1',
    lineWidth: 0,
    indentSeq: false,
    defaultStringType: 'PLAIN',
    aliasDuplicateObjects: false,
    // A map is a map here, and no list of pairs.
    customTags: tags => tags.filter(tag => typeof tag !== 'object' || !/:(?:omap|set|pairs)$/.test(tag.tag)),
  }).trim()
}

/** As the library takes it: what is a whole number stays one. */
function plain(value: Value): unknown {
  switch (kindOf(value)) {
    case 'invalid':
      return null
    case 'string':
      return value instanceof JsonNumber ? number(value.text) : value
    case 'uint':
      return (value as GoUint).value
    case 'slice':
      return value instanceof Uint8Array ? Array.from(value) : Array.from(value as readonly Value[], plain)
    case 'map':
      return new Map(
        sortedEntries(value as ReadonlyMap<Value, Value>).map(([key, item]) => [plain(key), plain(item)]),
      )
    case 'struct':
      return new Map([...(value as GoStruct).fields].map(([key, item]) => [key.toLowerCase(), plain(item)]))
    default:
      return value
  }
}

/** json.Number is a text for Go's YAML, too. */
function number(text: string): unknown {
  return text
}
