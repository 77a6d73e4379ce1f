import { type GoFunction, GoStruct, sortedEntries, type Value } from '../../../../wire/gotemplate/value.ts'
import { fixed } from './define.ts'

/** Values that a template keeps for itself, of one pass. */
export function createScratch(): GoStruct {
  const values = new Map<Value, Value>()
  const mapAt = (key: string): Map<Value, Value> => {
    const known = values.get(key)
    if (known instanceof Map) return known as Map<Value, Value>
    if (known !== undefined) throw new Error(`${JSON.stringify(key)} is no map`)
    const map = new Map<Value, Value>()
    values.set(key, map)
    return map
  }
  const methods: GoFunction[] = [
    fixed('Key', ['string'], (key: string) => values.has(key)),
    fixed('Get', ['string'], (key: string) => values.get(key) ?? null),
    fixed('Set', ['string', 'any'], (key: string, value: Value) => {
      values.set(key, value)
      return ''
    }),
    fixed('SetX', ['string', 'any'], (key: string, value: Value) => {
      if (!values.has(key)) values.set(key, value)
      return ''
    }),
    fixed('MapSet', ['string', 'string', 'any'], (key: string, name: string, value: Value) => {
      mapAt(key).set(name, value)
      return ''
    }),
    fixed('MapSetX', ['string', 'string', 'any'], (key: string, name: string, value: Value) => {
      const map = mapAt(key)
      if (!map.has(name)) map.set(name, value)
      return ''
    }),
    fixed('MapValues', ['string'], (key: string) =>
      values.has(key) ? sortedEntries(mapAt(key)).map(([, value]) => value) : [],
    ),
  ]
  return new GoStruct('*template.Scratch', {}, Object.fromEntries(methods.map(each => [each.name, each])))
}
