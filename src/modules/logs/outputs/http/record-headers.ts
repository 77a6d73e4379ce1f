import { Kind } from '../../../../wire/json/bytes.ts'
import type { KeyPath } from '../../../../wire/json/path.ts'
import type { RecordView } from '../../template/template.ts'

/** Names that a record must not set: they say where the body ends and who we are. */
const OURS =
  /^(content-length|transfer-encoding|connection|host|content-encoding|authorization|expect|upgrade|te|trailer)$/

/** A value that cannot break a header: control characters and what is not Latin-1 are left out. */
export function headerValue(value: string): string {
  return value
    .replace(/[^\t\x20-\x7e\xa0-\xff]/g, '')
    .trim()
    .slice(0, 4096)
}

/** The members of an object in the record that can be headers, names in lower case. */
export function headersIn(view: RecordView, path: KeyPath): [string, string][] {
  const object = view.find(path)
  if (object?.kind !== Kind.object) return []
  const members = JSON.parse(object.bytes.toString('utf8', object.start, object.end)) as Record<
    string,
    unknown
  >
  return Object.entries(members).flatMap(([name, value]) => {
    const lower = name.toLowerCase()
    if (typeof value !== 'string' || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) || OURS.test(lower)) return []
    return [[lower, headerValue(value)] as [string, string]]
  })
}
