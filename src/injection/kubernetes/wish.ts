import { isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { InjectionContext } from './injection.ts'
import { quote } from './pod.ts'
import { fail } from './refusal.ts'
import { DOMAIN, type Key, readSetting } from './vocabulary.ts'

const MAX_INJECT_LENGTH = 2000
const MAX_ASKED = 20
const ITEM = /^([a-zA-Z0-9][-_.a-zA-Z0-9]*)(?:@([0-9][-+.0-9a-zA-Z]*))?$/

/** What annotations and the caller ask for, before the catalogue has been looked at. */
export interface Wish {
  readonly asked: readonly Asked[]
  /** By the name of the entry, then the parameter; the strongest word for each. */
  readonly settings: ReadonlyMap<string, ReadonlyMap<string, Setting>>
  readonly application: readonly string[]
  readonly hostNetwork: boolean
  readonly place: 'first' | 'last' | undefined
}

export interface Asked {
  /** An entry or one of its aliases. */
  readonly name: string
  readonly version?: string
  readonly path: Path
}

export interface Setting {
  readonly value: string
  /** From the pod template on. */
  readonly path: Path
  /** Settings of a namespace or of the caller may be for other pods. */
  readonly ofPod: boolean
}

/** Of annotations that others' injectors know, when they are adopted. */
export interface Adopted {
  readonly asked: readonly Asked[]
  /** As keys after the domain would say it: `dapr.appId`. */
  readonly settings: readonly { readonly word: string; readonly value: string; readonly path: Path }[]
}

const ANNOTATIONS: Path = ['metadata', 'annotations']

/** A pod that asks for sidecars of ours, or a namespace or caller that asks for it. */
export function asksOf(
  annotations: JsonObject,
  context: InjectionContext,
  adopted: Adopted | undefined,
): readonly Asked[] {
  const own = annotations[`${DOMAIN}inject`]
  const inherited = context.namespace?.annotations?.[`${DOMAIN}inject`]
  const path = [...ANNOTATIONS, `${DOMAIN}inject`]
  const asked = [
    ...(own === undefined ? [] : readInject(own, path)),
    ...(own === undefined && inherited !== undefined ? readInject(inherited, ANNOTATIONS) : []),
    ...(context.inject === undefined ? [] : readInject(context.inject, [])),
    ...(adopted?.asked ?? []),
  ]
  return asked.filter((each, index) => asked.findIndex(other => same(each, other)) === index)
}

function same(a: Asked, b: Asked): boolean {
  return a.name === b.name && (a.version === b.version || a.version === undefined)
}

/** The value of outrigger.dev/inject: names with commas, each with a version or the beginning of one. */
export function readInject(value: Json, path: Path): Asked[] {
  if (typeof value !== 'string')
    fail('invalid_annotation', path, 'the sidecars must be a text', 'write "logs,proxy" in quotes')
  if (value.length > MAX_INJECT_LENGTH) fail('invalid_annotation', path, 'the list of sidecars is too long')
  const items = value.split(',').map(item => item.trim())
  if (items.length > MAX_ASKED)
    fail('invalid_annotation', path, `more than ${MAX_ASKED} sidecars are asked for`)
  return items.map(item => {
    const match = ITEM.exec(item)
    if (match === null)
      fail(
        'invalid_annotation',
        path,
        `${quote(item)} is no name of a sidecar`,
        'write names with commas between them: "logs,proxy" or "outrigger@1,vault-agent"',
      )
    const [, name = '', version] = match
    return { name, path, ...(version !== undefined && { version }) }
  })
}

export function readWish(
  annotations: JsonObject,
  catalogue: Catalogue,
  context: InjectionContext,
  asked: readonly Asked[],
  adopted: Adopted | undefined,
): Wish {
  const settings = new Map<string, Map<string, Setting>>()
  const set = (word: string, setting: Setting): boolean => {
    const read = readSetting(word, catalogue)
    if (read.kind !== 'setting') return false
    const ofEntry = settings.get(read.entry) ?? new Map<string, Setting>()
    settings.set(read.entry, ofEntry.set(read.parameter, setting))
    return true
  }
  const demand = (word: string, setting: Setting): void => {
    if (set(word, setting)) return
    const read = readSetting(word, catalogue)
    if (read.kind === 'unknown') fail('invalid_parameter', setting.path, read.message, read.hint)
  }
  // The weakest first: each layer overrides what is below it.
  for (const [key, value] of Object.entries(context.namespace?.annotations ?? {}))
    if (isSetting(key) && typeof value === 'string')
      set(key.slice(DOMAIN.length), { value, path: ANNOTATIONS, ofPod: false })
  for (const [word, value] of Object.entries(context.settings ?? {}))
    demand(word, { value, path: [], ofPod: false })
  for (const { word, value, path } of adopted?.settings ?? []) set(word, { value, path, ofPod: true })
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(DOMAIN)) continue
    const path = [...ANNOTATIONS, key]
    if (typeof value !== 'string')
      fail('invalid_annotation', path, 'the value of an annotation must be a text', 'put it in quotes')
    if (isSetting(key)) demand(key.slice(DOMAIN.length), { value, path, ofPod: true })
  }
  return {
    asked,
    settings,
    application: namesIn(annotations[`${DOMAIN}app`]),
    hostNetwork: oneOf(annotations, 'host-network', ['allow']) !== undefined,
    place: oneOf(annotations, 'place', ['first', 'last']),
  }
}

function isSetting(key: string): boolean {
  return (
    key.startsWith(DOMAIN) && key.includes('.', DOMAIN.length) && !GENERATED.test(key.slice(DOMAIN.length))
  )
}

const GENERATED = /^(file|lint-ignore)\./

function oneOf<T extends string>(annotations: JsonObject, key: Key, values: readonly T[]): T | undefined {
  const value = annotations[DOMAIN + key]
  const known = values.find(each => each === value)
  if (value !== undefined && known === undefined)
    fail(
      'invalid_annotation',
      [...ANNOTATIONS, DOMAIN + key],
      `${key} must be ${values.join(' or ')}, not ${quote(String(value))}`,
    )
  return known
}

function namesIn(value: Json | undefined): string[] {
  if (typeof value !== 'string') return []
  return value.split(',').flatMap(name => (name.trim() === '' ? [] : [name.trim()]))
}

/** The reason not to inject, if the pod (or its namespace) gives one. */
export function skipOf(annotations: JsonObject, context: InjectionContext): string | undefined {
  const own = annotations[`${DOMAIN}skip`]
  if (typeof own === 'string') return own
  if (annotations[`${DOMAIN}inject`] !== undefined) return undefined
  const inherited = context.namespace?.annotations
  const value = isObject(inherited) ? inherited[`${DOMAIN}skip`] : undefined
  return typeof value === 'string' ? value : undefined
}
