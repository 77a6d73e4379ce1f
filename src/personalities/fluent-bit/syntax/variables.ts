import type { Item, Mapping, Place, Value } from './document.ts'
import { isList, isText } from './document.ts'

/** `fallback`: what the text gives for one that is not set. */
export type Lookup = (name: string, fallback?: string) => string | undefined

/** `${NAME}` and `${NAME:-default}`; one that is not set is empty, and told. What is not closed stays as it is. */
export function expand(text: string, lookup: Lookup, unset: (name: string) => void): string {
  if (!text.includes('${')) return text
  return text.replaceAll(/\$\{([^}]*)\}/g, (_, inside: string) => {
    const [, name, fallback] = /^(.*?)(?::-(.*))?$/s.exec(inside)!
    const value = lookup(name.trim(), fallback)
    if (value !== undefined && value !== '') return value
    if (fallback !== undefined) return fallback
    unset(name.trim())
    return ''
  })
}

/** The same in every text below. */
export function expandMapping<M extends Mapping>(
  mapping: M,
  lookup: Lookup,
  unset: (name: string, place: Place) => void,
): M {
  const inValue = (value: Value, place: Place): Value => {
    if (isText(value)) return expand(value, lookup, name => unset(name, place))
    if (isList(value)) return value.map(inItem)
    return expandMapping(value, lookup, unset)
  }
  const inItem = (item: Item): Item => ({ ...item, value: inValue(item.value, item.place) })
  return {
    ...mapping,
    properties: mapping.properties.map(property => ({
      ...property,
      key: expand(property.key, lookup, name => unset(name, property.keyPlace)),
      value: inValue(property.value, property.place),
    })),
  }
}
