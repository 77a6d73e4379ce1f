import { keyPathOf } from '../../wire/json/path.ts'
import type { JsonRecord } from '../../wire/json/record.ts'
import { fieldPath } from './condition/field.ts'

/** Says in a record where it came from; undefined when no field is named. An offset below 0 is not known. */
export function sourceFields(
  pathField: string | undefined,
  offsetField: string | undefined,
): ((record: JsonRecord, path: string, offset: number) => void) | undefined {
  if (pathField === undefined && offsetField === undefined) return undefined
  const pathKey = pathField === undefined ? undefined : keyPathOf(fieldPath(pathField))
  const offsetKey = offsetField === undefined ? undefined : keyPathOf(fieldPath(offsetField))
  let lastPath = ''
  let pathText = Buffer.from('""')
  return (record, path, offset) => {
    if (path !== lastPath) {
      lastPath = path
      pathText = Buffer.from(JSON.stringify(path))
    }
    if (pathKey !== undefined) record.set(pathKey, pathText)
    if (offsetKey !== undefined && offset >= 0) record.set(offsetKey, Buffer.from(String(offset)))
  }
}
