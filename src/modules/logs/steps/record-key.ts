import { keyPathOf } from '../../../wire/json/path.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import { ValueSpan } from '../../../wire/json/value.ts'
import { fieldPath } from '../condition/field.ts'

/** Long values are told apart by their beginning, length and end: a key is kept in memory. */
const MAX_PART = 256

/** A text that is equal for records with the same values of these fields; a missing field is a value of its own. */
export function recordKey(fields: readonly string[]): (record: JsonRecord) => string {
  const paths = fields.map(field => keyPathOf(fieldPath(field)))
  const value = new ValueSpan()
  return record => {
    let key = ''
    for (const path of paths) {
      const part = record.locate(path, value) ? `${value.kind}${value.asText()}` : '-'
      key += `${part.length}:${part}`
    }
    return key.length <= MAX_PART
      ? key
      : `${key.slice(0, MAX_PART / 2)}…${key.length}…${key.slice(-MAX_PART / 2)}`
  }
}
