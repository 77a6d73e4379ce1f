import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { Kind } from '../../../../wire/json/bytes.ts'
import { keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import type { Step } from '../step.ts'
import type { ConvertConfig } from './config.ts'

type Type = ConvertConfig['fields'][string]

/** The JSON text that a value becomes; undefined when it cannot. */
export type Convert = (value: ValueSpan) => string | undefined

/** Changes the type of single values. */
export function convertStep({ fields }: ConvertConfig, failed: Counter): Step {
  const conversions = Object.entries(fields).map(([field, type]) => ({
    path: keyPathOf(fieldPath(field)),
    convert: CONVERSIONS[type],
  }))
  const value = new ValueSpan()
  return record => {
    for (const { path, convert } of conversions) {
      if (!record.locate(path, value)) continue
      const text = convert(value)
      if (text === undefined) failed.inc()
      else if (text !== SAME) record.set(path, Buffer.from(text))
    }
    return true
  }
}

/** The value is of the type already. */
export const SAME = ''

const BOOLEANS = new Map(
  Object.entries({
    true: 'true',
    yes: 'true',
    on: 'true',
    1: 'true',
    false: 'false',
    no: 'false',
    off: 'false',
    0: 'false',
  }),
)
const DECIMAL = /^\s*([-+]?)0*(\d+)(\.\d*)?\s*$/
const NUMBER = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/

export const CONVERSIONS: Readonly<Record<Type, Convert>> = {
  integer(value) {
    if (value.kind === Kind.true || value.kind === Kind.false) return value.kind === Kind.true ? '1' : '0'
    const text = value.asText()
    // Digit by digit, so that numbers of any length stay exact.
    const [, sign, digits, fraction] = DECIMAL.exec(text) ?? []
    if (digits !== undefined) {
      if (value.kind === Kind.number && fraction === undefined) return SAME
      return `${sign === '-' && digits !== '0' ? '-' : ''}${digits}`
    }
    if (!NUMBER.test(text)) return undefined
    const whole = Math.trunc(Number(text))
    return Number.isFinite(whole) ? BigInt(whole).toString() : undefined
  },
  float(value) {
    if (value.kind === Kind.number) return SAME
    const text = value.asText()
    if (!NUMBER.test(text)) return undefined
    const number = Number(text)
    return Number.isFinite(number) ? JSON.stringify(number) : undefined
  },
  boolean(value) {
    if (value.kind === Kind.true || value.kind === Kind.false) return SAME
    return BOOLEANS.get(value.asText().trim().toLowerCase())
  },
  string(value) {
    if (value.kind === Kind.string) return SAME
    return JSON.stringify(value.asText())
  },
  hex(value) {
    const digits = /^\s*(?:0[xX])?([0-9a-fA-F]{1,256})\s*$/.exec(value.asText())?.[1]
    return digits === undefined ? undefined : BigInt(`0x${digits}`).toString()
  },
  json(value) {
    if (value.kind !== Kind.string) return SAME
    return jsonIn(value.text())
  },
}

const WRAP = '{"v":'

/** The text when it is one JSON value; undefined otherwise. */
function jsonIn(text: string): string | undefined {
  const bytes = Buffer.from(`${WRAP}${text}}`)
  const record = new JsonRecord()
  if (!record.open(bytes, 0, bytes.length) || record.count !== 1) return undefined
  return text.trim()
}
