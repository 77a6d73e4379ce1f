import { isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import type { Added, Fingerprint, InjectedEntry, InjectionStatus } from './injection.ts'

const MAX_STATUS_LENGTH = 64 * 1024
const NAME_LISTS = ['volumes', 'annotations', 'labels', 'imagePullSecrets', 'securityContext']

export type StatusReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'status'; readonly status: InjectionStatus }
  | { readonly kind: 'unreadable'; readonly message: string }

/** Reads the annotation outrigger.dev/status. Anyone may have written it, so every part is looked at. */
export function readStatus(value: Json | undefined): StatusReading {
  if (value === undefined) return { kind: 'none' }
  const unreadable = (message: string): StatusReading => ({ kind: 'unreadable', message })
  if (typeof value !== 'string') return unreadable('it is no text')
  if (value.length > MAX_STATUS_LENGTH) return unreadable('it is too long')
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    return unreadable('it is no JSON')
  }
  if (!isObject(parsed)) return unreadable('it is no object')
  if (parsed['v'] !== 1) return unreadable('it is of another version of Outrigger')
  return isStatus(parsed) ? { kind: 'status', status: parsed } : unreadable('parts of it are wrong')
}

export function writeStatus(status: InjectionStatus): string {
  return JSON.stringify(status)
}

function isStatus(value: JsonObject): value is JsonObject & InjectionStatus {
  const { application, entries, made, nulls } = value
  if (typeof application !== 'string' || !isTexts(made) || !isTexts(nulls)) return false
  return Array.isArray(entries) && entries.every(isEntry)
}

function isEntry(value: Json): boolean {
  if (!isObject(value)) return false
  const { name, version, hash, added } = value
  return [name, version, hash].every(text => typeof text === 'string') && isObject(added) && isAdded(added)
}

function isAdded(added: JsonObject): boolean {
  return (
    NAME_LISTS.every(key => isAbsentOr(added[key], isTexts)) &&
    isAbsentOr(added['volumeMounts'], isRecordOf(isTexts)) &&
    isAbsentOr(added['env'], isRecordOf(isTexts)) &&
    isAbsentOr(added['containers'], isRecordOf(isFingerprint)) &&
    isAbsentOr(added['initContainers'], isRecordOf(isFingerprint))
  )
}

function isFingerprint(value: Json | undefined): boolean {
  return isObject(value) && typeof value['image'] === 'string' && typeof value['hash'] === 'string'
}

function isTexts(value: Json | undefined): boolean {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function isRecordOf(is: (value: Json | undefined) => boolean): (value: Json | undefined) => boolean {
  return value => isObject(value) && Object.values(value).every(is)
}

function isAbsentOr(value: Json | undefined, is: (value: Json | undefined) => boolean): boolean {
  return value === undefined || is(value)
}

/** What is in either, in the order of the first and then the second. */
export function joinAdded(a: Added, b: Added): Added {
  const joined: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof Added>)
    joined[key] = joinValues(a[key], b[key])
  return joined
}

type AddedValue =
  | readonly string[]
  | Readonly<Record<string, readonly string[]>>
  | Readonly<Record<string, Fingerprint>>
  | undefined

function joinValues(a: AddedValue, b: AddedValue): AddedValue {
  if (a === undefined || b === undefined) return a ?? b
  if (Array.isArray(a) || Array.isArray(b)) return [...new Set([...(a as string[]), ...(b as string[])])]
  const joined = new Map<string, unknown>(Object.entries(a))
  for (const [key, value] of Object.entries(b)) {
    const before = joined.get(key)
    joined.set(key, Array.isArray(before) && Array.isArray(value) ? joinValues(before, value) : value)
  }
  return Object.fromEntries(joined) as AddedValue
}

/** Of the later round where both have an entry: its account goes on from the earlier one. */
export function joinEntries(a: readonly InjectedEntry[], b: readonly InjectedEntry[]): InjectedEntry[] {
  const joined = new Map(a.map(entry => [entry.name, entry]))
  for (const entry of b) {
    const before = joined.get(entry.name)
    joined.set(
      entry.name,
      before === undefined ? entry : { ...entry, added: joinAdded(before.added, entry.added) },
    )
  }
  return [...joined.values()]
}
