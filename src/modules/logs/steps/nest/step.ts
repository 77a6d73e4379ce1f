import { Kind } from '../../../../wire/json/bytes.ts'
import { keyOf, keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import { compilePatterns } from '../../text-patterns.ts'
import { rawOf } from '../raw.ts'
import type { Step } from '../step.ts'
import type { LiftConfig, NestConfig } from './config.ts'

/** Fields of the top go into an object; where something else is in its way they stay. */
export function nestStep({ fields, under, removePrefix, addPrefix }: NestConfig): Step {
  const isMeant = compilePatterns(fields)
  const path = keyPathOf(fieldPath(under))
  const value = new ValueSpan()
  return record => {
    if (record.locate(path, value) && value.kind !== Kind.object) return true
    // What is appended while they move is none of them.
    for (let member = 0, count = record.count; member < count; member++) {
      const name = record.nameAt(member)
      if (name === undefined || name === path[0].text || !isMeant(name)) continue
      const raw = rawOf(record.valueAt(member, value))
      record.removeAt(member)
      record.set([...path, keyOf(renamed(name, removePrefix, addPrefix))], raw)
    }
    return true
  }
}

/** The fields of an object come to the top, where they replace those that have their names. */
export function liftStep({ field, removePrefix, addPrefix }: LiftConfig): Step {
  const path = keyPathOf(fieldPath(field))
  const inner = new JsonRecord()
  const value = new ValueSpan()
  return record => {
    if (!record.locate(path, value) || value.kind !== Kind.object) return true
    const object = rawOf(value)
    if (!inner.open(object, 0, object.length)) return true
    record.remove(path)
    for (let member = 0; member < inner.count; member++) {
      const name = inner.nameAt(member) ?? ''
      record.set([keyOf(renamed(name, removePrefix, addPrefix))], rawOf(inner.valueAt(member, value)))
    }
    return true
  }
}

function renamed(name: string, removePrefix: string, addPrefix: string): string {
  return addPrefix + (name.startsWith(removePrefix) ? name.slice(removePrefix.length) : name)
}
