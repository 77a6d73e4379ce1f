import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { servicesOf } from './project.ts'

/**
 * Where the injector writes down what it has added: a key of the file's top level, which Compose ignores and
 * `docker compose config` keeps. Everything is named, nothing is counted, since that command reorders and rewrites.
 */
export const STATUS_KEY = 'x-outrigger-status'

export interface ComposeStatus {
  readonly v: 1
  /** What was not there, and what was there without a value: `configs`, `services/web/volumes`. */
  readonly made?: readonly string[]
  readonly nulls?: readonly string[]
  readonly services: Readonly<Record<string, ServiceStatus>>
}

export interface EntryOfStatus {
  readonly name: string
  readonly version: string
  /** Of the catalogue's entry. */
  readonly hash: string
  /** The service that was added for it. */
  readonly service: string
}

/** What one service got. All names begin with the service's own and a dash. */
export interface ServiceStatus {
  readonly entries: readonly EntryOfStatus[]
  readonly services: readonly string[]
  readonly volumes?: readonly string[]
  readonly configs?: readonly string[]
  /** In services of the user: this one, and the one whose network it shares. */
  readonly changes?: Readonly<Record<string, Change>>
}

/** What was changed in a service of the user. */
export interface Change {
  readonly dependsOn?: readonly string[]
  /** `depends_on` as it was, if it was a list and had to become a mapping. */
  readonly dependsOnList?: readonly string[]
  /** Places in the container. */
  readonly mounts?: readonly string[]
  readonly environment?: readonly string[]
  readonly ports?: readonly Json[]
  /** Fields that a service with a network of another may not have; they stand in `holder` meanwhile. */
  readonly moved?: JsonObject
  readonly holder?: string
}

export type StatusReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'status'; readonly status: ComposeStatus }
  | { readonly kind: 'unreadable'; readonly message: string }

/** Anyone may have written it, so every part is looked at. */
export function readStatus(document: Json): StatusReading {
  const value = at(document, [STATUS_KEY])
  if (value === undefined) return { kind: 'none' }
  const unreadable = (message: string): StatusReading => ({ kind: 'unreadable', message })
  if (!isObject(value)) return unreadable('it is no mapping')
  if (value['v'] !== 1) return unreadable('it is of another version of Outrigger')
  const { made, nulls, services } = value
  const fits = isNames(made) && isNames(nulls) && isRecordOf(services, isServiceStatus)
  return fits
    ? { kind: 'status', status: value as unknown as ComposeStatus }
    : unreadable('parts of it are wrong')
}

function isServiceStatus(value: Json, service: string): boolean {
  if (!isObject(value) || !Array.isArray(value['entries']) || !value['entries'].every(isEntry)) return false
  const own = [value['services'] ?? null, value['volumes'] ?? [], value['configs'] ?? []]
  if (!own.every(names => Array.isArray(names) && names.every(name => isOwn(name, service)))) return false
  return value['changes'] === undefined || isRecordOf(value['changes'], isChange)
}

/** A status that was tampered with must not take away what is the user's. */
function isOwn(name: unknown, service: string): boolean {
  return typeof name === 'string' && name.startsWith(`${service}-`)
}

function isEntry(value: unknown): boolean {
  return (
    isObject(value) && ['name', 'version', 'hash', 'service'].every(key => typeof value[key] === 'string')
  )
}

function isChange(value: Json): boolean {
  return (
    isObject(value) &&
    ['dependsOn', 'dependsOnList', 'mounts', 'environment'].every(key => isNames(value[key])) &&
    (value['ports'] === undefined || Array.isArray(value['ports'])) &&
    (value['moved'] === undefined || isObject(value['moved'])) &&
    (value['holder'] === undefined || typeof value['holder'] === 'string')
  )
}

function isNames(value: Json | undefined): boolean {
  return value === undefined || (Array.isArray(value) && value.every(item => typeof item === 'string'))
}

function isRecordOf(value: Json | undefined, is: (value: Json, key: string) => boolean): boolean {
  return isObject(value) && Object.entries(value).every(([key, item]) => is(item, key))
}

/** What a service has of ours. */
export interface ComposeServiceStatus {
  readonly service: string
  readonly entries: readonly EntryOfStatus[]
  /** Services that the status tells of and that are not there, as after a copy of half a file. */
  readonly missing: readonly string[]
}

/** Of every service that sidecars were injected for, in the order of the file. A status that cannot be read gives none. */
export function statusOfCompose(document: Json): readonly ComposeServiceStatus[] {
  const reading = readStatus(document)
  if (reading.kind !== 'status') return []
  const services = servicesOf(document)
  const there = (name: string) => Object.hasOwn(services, name)
  return Object.entries(reading.status.services).map(([service, { entries, services: own }]) => ({
    service,
    entries,
    missing: [service, ...own].filter(name => !there(name)),
  }))
}
