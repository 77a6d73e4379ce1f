import { compilePattern } from '../../../kernel/pattern.ts'
import { Kind } from '../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../wire/json/path.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import { hasEscape, ValueSpan } from '../../../wire/json/value.ts'
import type { CompareOp, Condition, FieldPath, Scalar } from './ast.ts'

/** Whether the record that stands open meets the condition. */
export type Predicate = (record: JsonRecord) => boolean

/**
 * Compiles a condition to a predicate that reads single fields from the record's bytes.
 *
 * - A test on a field that is not there is false: also `!=`.
 * - Compared with a number, text that is a number counts as one; compared with text, a number counts as it is written.
 * - `<`, `<=`, `>`, `>=` order numbers by value and text by code unit; all else is false.
 * - `matches` and `contains` look at text, and at numbers, true and false as they are written.
 * - `any` and `all` look at the names at the top of the record only.
 * - Objects and arrays equal nothing, and differ from everything.
 */
export function compileCondition(condition: Condition): Predicate {
  switch (condition.kind) {
    case 'and': {
      const items = condition.items.map(compileCondition)
      return record => {
        for (const item of items) if (!item(record)) return false
        return true
      }
    }
    case 'or': {
      const items = condition.items.map(compileCondition)
      return record => {
        for (const item of items) if (item(record)) return true
        return false
      }
    }
    case 'not': {
      const item = compileCondition(condition.item)
      return record => !item(record)
    }
    case 'exists':
      return onField(condition.field, () => true)
    case 'any': {
      const isMeant = expressionOf(condition.pattern)
      if (condition.values === undefined)
        return record => namesOf(record).some(([name]) => isMeant.test(name))
      const fits = matching(condition.values)
      const value = new ValueSpan()
      return record =>
        namesOf(record).some(([name, member]) => isMeant.test(name) && fits(record.valueAt(member, value)))
    }
    case 'all': {
      const isMeant = expressionOf(condition.names)
      const fits = matching(condition.values)
      const value = new ValueSpan()
      return record =>
        namesOf(record).every(([name, member]) => !isMeant.test(name) || fits(record.valueAt(member, value)))
    }
    case 'compare':
      return onField(condition.field, comparison(condition.op, condition.value))
    case 'in': {
      const tests = condition.values.map(equals)
      return onField(condition.field, value => tests.some(test => test(value)))
    }
    case 'contains':
      return onField(condition.field, containing(condition.text))
    case 'matches':
      return onField(condition.field, matching(condition.pattern))
  }
}

type Test = (value: ValueSpan) => boolean

function onField(field: FieldPath, test: Test): Predicate {
  const path: KeyPath = keyPathOf(field)
  const value = new ValueSpan()
  return record => record.locate(path, value) && test(value)
}

function comparison(op: CompareOp, wanted: Scalar): Test {
  if (op === '==') return equals(wanted)
  if (op === '!=') {
    const equal = equals(wanted)
    return value => !equal(value)
  }
  const holds = ORDER[op]
  if (typeof wanted === 'number') return value => holds(numberIn(value), wanted)
  if (typeof wanted === 'string') return value => value.kind === Kind.string && holds(value.text(), wanted)
  return () => false
}

const ORDER = {
  '<': <T>(one: T, other: T) => one < other,
  '<=': <T>(one: T, other: T) => one <= other,
  '>': <T>(one: T, other: T) => one > other,
  '>=': <T>(one: T, other: T) => one >= other,
} as const

function equals(wanted: Scalar): Test {
  if (typeof wanted === 'number') return value => numberIn(value) === wanted
  if (typeof wanted === 'string') return sameText(wanted)
  const kind = wanted === null ? Kind.null : wanted ? Kind.true : Kind.false
  return value => value.kind === kind
}

/** Text is compared as bytes; only text with escapes in it is read. */
function sameText(wanted: string): Test {
  const bytes = Buffer.from(wanted)
  return value => {
    if (value.kind !== Kind.string) return value.kind === Kind.number && sameBytes(value, bytes, 0)
    return (
      sameBytes(value, bytes, 1) ||
      (hasEscape(value.bytes, value.start, value.end) && value.text() === wanted)
    )
  }
}

function sameBytes({ bytes, start, end }: ValueSpan, wanted: Buffer, quotes: number): boolean {
  const from = start + quotes
  if (end - quotes - from !== wanted.length) return false
  for (let i = 0; i < wanted.length; i++) if (bytes[from + i] !== wanted[i]) return false
  // A backslash that is the same in both stands for something else in the record.
  return quotes === 0 || !hasEscape(wanted, 0, wanted.length)
}

const NUMERIC = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/

/** The number that a value is or that its text says; NaN, which nothing compares with, for all else. */
function numberIn(value: ValueSpan): number {
  if (value.kind === Kind.number) return value.number()
  if (value.kind !== Kind.string) return Number.NaN
  const text = value.text()
  return NUMERIC.test(text) ? Number(text) : Number.NaN
}

function containing(wanted: string): Test {
  const bytes = Buffer.from(wanted)
  return value => {
    if (!isText(value.kind)) return false
    if (value.kind === Kind.string && hasEscape(value.bytes, value.start, value.end))
      return value.text().includes(wanted)
    const quotes = value.kind === Kind.string ? 1 : 0
    return value.bytes.subarray(value.start + quotes, value.end - quotes).includes(bytes)
  }
}

function matching(pattern: string): Test {
  const regex = expressionOf(pattern)
  return value => isText(value.kind) && regex.test(value.asText())
}

function expressionOf(pattern: string): RegExp {
  const compiled = compilePattern(pattern)
  if ('reason' in compiled) throw new Error(compiled.reason)
  return compiled.regex
}

/** The names at the top of the record, each with its member. */
function namesOf(record: JsonRecord): [name: string, member: number][] {
  const names: [string, number][] = []
  for (let member = 0; member < record.count; member++) {
    const name = record.nameAt(member)
    if (name !== undefined) names.push([name, member])
  }
  return names
}

function isText(kind: number): boolean {
  return kind === Kind.string || kind === Kind.number || kind === Kind.true || kind === Kind.false
}
