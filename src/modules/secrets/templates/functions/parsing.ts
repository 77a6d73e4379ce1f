import { parse } from 'yaml'
import { readFloat, readInteger } from '../../../../wire/gotemplate/number.ts'
import { GoUint, type Value } from '../../../../wire/gotemplate/value.ts'
import { JsonNumber, type LosslessJson, parseLossless } from '../../../../wire/json/lossless.ts'
import { type Family, fixed } from './define.ts'

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False']

/** Texts as what they say. Errors never show the text. */
export const PARSING: Family = [
  fixed('parseBool', ['string'], (text: string) => {
    if (text === '') return false
    if (TRUE.includes(text)) return true
    if (FALSE.includes(text)) return false
    throw new Error('parseBool: invalid syntax')
  }),
  fixed('parseFloat', ['string'], (text: string) => {
    if (text === '') return 0
    return readFloat(text) ?? failed('parseFloat')
  }),
  fixed('parseInt', ['string'], (text: string) => {
    const number = text === '' ? 0n : readDecimal(text)
    if (number === undefined || BigInt.asIntN(64, number) !== number) return failed('parseInt')
    return number
  }),
  fixed('parseUint', ['string'], (text: string) => {
    const number = text === '' ? 0n : readDecimal(text)
    if (number === undefined || /^[+-]/.test(text) || BigInt.asUintN(64, number) !== number)
      return failed('parseUint')
    return new GoUint(number)
  }),
  fixed('parseJSON', ['string'], (text: string) => {
    if (text === '') return new Map()
    try {
      return asGo(parseLossless(text))
    } catch (error) {
      throw new Error(`parseJSON: ${(error as Error).message}`)
    }
  }),
  fixed('parseYAML', ['string'], (text: string) => {
    if (text === '') return new Map()
    try {
      return asGoYaml(parse(text, { maxAliasCount: 100, intAsBigInt: true, mapAsMap: true, version: '1.1' }))
    } catch {
      throw new Error('parseYAML: no valid YAML')
    }
  }),
]

function readDecimal(text: string): bigint | undefined {
  return /^[+-]?\d+$/.test(text) ? readInteger(text.replace(/^([+-]?)0+(?=\d)/, '$1')) : undefined
}

function failed(name: string): never {
  throw new Error(`${name}: invalid syntax`)
}

/** As encoding/json reads into `any`: every number is a float. */
export function asGo(value: LosslessJson): Value {
  if (value instanceof JsonNumber) return Number(value.text)
  if (Array.isArray(value)) return value.map(asGo)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, asGo(item)]))
  return value as Value
}

function asGoYaml(value: unknown): Value {
  if (Array.isArray(value)) return value.map(asGoYaml)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [asGoYaml(key), asGoYaml(item)]))
  if (value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  return value as Value
}
