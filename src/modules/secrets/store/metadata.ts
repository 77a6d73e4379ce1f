import { JsonNumber } from '../../../wire/json/lossless.ts'
import type { KvSecret, VersionNumber } from './kv.ts'

/** A version's metadata as Vault's answers have it. */
export function metadataOf({ customMetadata }: KvSecret, { version, is }: VersionNumber) {
  return new Map<string, string | boolean | null | JsonNumber | ReadonlyMap<string, string>>([
    ['created_time', timeText(is.createdMs)],
    ['custom_metadata', customMetadata],
    ['deletion_time', is.deletedMs === undefined ? '' : timeText(is.deletedMs)],
    ['destroyed', is.destroyed],
    ['version', new JsonNumber(String(version))],
  ])
}

/** RFC 3339, as Go writes it: without zeros at the end of the fraction. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z')
}
