import { at, isObject, type Json } from '../../manifests/json.ts'
import { canonicalJson } from '../../wire/json/canonical.ts'
import type { Catalogue } from './catalogue.ts'
import type { Entry } from './entry.ts'
import { writtenValue } from './parameters.ts'
import { idOf } from './read.ts'

/** One value of two entries that differs. */
export interface Change {
  /** What it is about, so that the weighty ones are seen first. */
  readonly about: 'image' | 'resources' | 'security' | 'parameters' | 'files' | 'other'
  /** As in the entry: `containers[envoy].image`. */
  readonly field: string
  /** Missing where there was, or is, nothing. */
  readonly before?: Json
  readonly after?: Json
}

export interface EntryDifference {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly changes: readonly Change[]
  /**
   * What pods with the old one need: nothing; an image, which Kubernetes replaces in a running pod; or to be made anew.
   */
  readonly pods: 'nothing' | 'image' | 'anew'
}

export interface CatalogueDifference {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly EntryDifference[]
}

/** Two catalogues, name by name, each by its newest version of the name; versions beside it are told as added or removed. */
export function catalogueDifference(before: Catalogue, after: Catalogue): CatalogueDifference {
  const newest = (catalogue: Catalogue) => {
    const names = new Set(catalogue.entries.map(({ name }) => name))
    return new Map(
      [...names].flatMap(name => {
        const found = catalogue.find(name)
        return found.ok ? [[name, found.entry] as const] : []
      }),
    )
  }
  const [old, young] = [newest(before), newest(after)]
  const ids = (catalogue: Catalogue) => catalogue.entries.map(idOf)
  const compared = new Set(
    [...old].flatMap(([name, entry]) => (young.has(name) ? [idOf(entry), idOf(young.get(name)!)] : [])),
  )
  const only = (mine: readonly string[], others: readonly string[]) =>
    mine.filter(id => !others.includes(id) && !compared.has(id))
  return {
    added: only(ids(after), ids(before)),
    removed: only(ids(before), ids(after)),
    changed: [...old].flatMap(([name, entry]) => {
      const other = young.get(name)
      return other === undefined || other.hash === entry.hash ? [] : [entryDifference(entry, other)]
    }),
  }
}

/** What is different for pods and for those who ask for it. */
export function entryDifference(before: Entry, after: Entry): EntryDifference {
  const [old, young] = [leavesOf(before), leavesOf(after)]
  const fields = [...new Set([...old.keys(), ...young.keys()])]
  const changes = fields
    .filter(field => canonicalJson(old.get(field) ?? null) !== canonicalJson(young.get(field) ?? null))
    .map((field): Change => {
      const [was, is] = [old.get(field), young.get(field)]
      return {
        about: aboutOf(field),
        field,
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
      }
    })
  const order = ['image', 'security', 'resources', 'parameters', 'files', 'other']
  changes.sort((a, b) => order.indexOf(a.about) - order.indexOf(b.about))
  const inPods = changes.filter(({ field }) => !OUTSIDE.test(field))
  const onlyImages = inPods.every(
    ({ about, before: was, after: is }) => about === 'image' && was !== undefined && is !== undefined,
  )
  return {
    name: after.name,
    from: before.version,
    to: after.version,
    changes,
    pods: inPods.length === 0 ? 'nothing' : onlyImages ? 'image' : 'anew',
  }
}

/** What no running pod has of its entry. */
const OUTSIDE =
  /^(version|purpose|owner|deprecated|kubernetes|required|order|requires|conflicts|replaces|aliases|waivers|compose)\b|^parameters\..*\.(description|example|enum|pattern|format|minimum|maximum|minLength|maxLength|minItems|maxItems|uniqueItems|items|properties|required|atMost)\b/

function aboutOf(field: string): Change['about'] {
  if (/^(initContainers|containers)\[[^\]]*\]\.image$|^compose\.service\.image$/.test(field)) return 'image'
  if (field.startsWith('parameters')) return 'parameters'
  if (field.includes('.securityContext') || field.startsWith('waivers')) return 'security'
  if (field.includes('.resources') || field.includes('sizeLimit')) return 'resources'
  return field.startsWith('files') ? 'files' : 'other'
}

/** Every leaf by its path, items of lists by their names where they have one. */
function leavesOf(entry: Entry): Map<string, Json> {
  const leaves = new Map<string, Json>()
  const { hash: _, name: __, ...rest } = entry
  walk(rest as unknown as Json, '', leaves)
  return leaves
}

function walk(value: Json, path: string, leaves: Map<string, Json>): void {
  const isLeaf = typeof value !== 'object' || value === null || Object.keys(value).length === 0
  if (isLeaf || (Array.isArray(value) && value.every(item => typeof item !== 'object'))) {
    if (!isEmpty(value)) leaves.set(path, value)
  } else if (Array.isArray(value)) {
    const list: readonly Json[] = value
    for (const [i, item] of list.entries()) walk(item, `${path}[${labelOf(item) ?? i}]`, leaves)
  } else if (isObject(value)) {
    // The container is meant where its template stands: containers[envoy].image.
    const fields = Object.entries(value).flatMap(([key, each]) =>
      key === 'container' && isObject(each) ? Object.entries(each) : [[key, each] as const],
    )
    for (const [key, each] of fields) walk(each, path === '' ? key : `${path}.${key}`, leaves)
  }
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function labelOf(item: Json): string | undefined {
  const label =
    at(item, ['container', 'name']) ??
    at(item, ['name']) ??
    at(item, ['path']) ??
    at(item, ['mountPath']) ??
    at(item, ['field'])
  return typeof label === 'string' ? label : undefined
}

/** `64Mi → 128Mi`, `added: …`, `removed: …`. */
export function changeText({ before, after }: Change): string {
  const short = (value: Json) => {
    const text = writtenValue(value)
    return text.length > 60 ? `${text.slice(0, 59)}…` : text
  }
  if (before === undefined) return `added: ${short(after!)}`
  return after === undefined ? `removed: ${short(before)}` : `${short(before)} → ${short(after)}`
}
