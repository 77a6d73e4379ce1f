import { editDistance, nearest } from '../../kernel/config/suggest.ts'
import type { Finding, Severity } from '../../manifests/finding.ts'
import { at, isObject, type Json, type Path } from '../../manifests/json.ts'
import type { Workload } from '../../manifests/workload.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Entry } from '../catalogue/entry.ts'
import { quote } from './pod.ts'

/** Every annotation of Outrigger begins so. The vocabulary is closed: what is not understood is told. */
export const DOMAIN = 'outrigger.dev/'

/** The fixed keys, with what they are for. Settings of entries are `ENTRY.PARAMETER`. */
export const KEYS = {
  inject: 'The sidecars that the pod asks for: `logs,proxy` or `outrigger@1,vault-agent`',
  skip: 'The reason why this pod gets none, whatever its namespace asks for',
  app: 'Names of the containers that are the application; default: all but known sidecars',
  place: 'Where native sidecars start: `first`, before the init containers of the pod, or `last`',
  'host-network': '`allow` injects into a pod with hostNetwork, where ports are those of the node',
  status: 'Written by the injector: what it added',
  mesh: 'Written by the injector: the sidecar takes mutual TLS at all ports of the pod (`*`)',
} as const
export type Key = keyof typeof KEYS

export const FILE_PREFIX = 'file.'
export const WAIVER_PREFIX = 'lint-ignore.'
const MAX_SUGGESTIONS_FROM = 100

/** What a key after the domain means. */
export type Word =
  | { readonly kind: 'key'; readonly key: Key }
  /** The text of a generated file; one that is written by hand is used instead. */
  | { readonly kind: 'file' }
  | { readonly kind: 'waiver'; readonly check: string }
  | { readonly kind: 'setting'; readonly entry: string; readonly parameter: string }
  | { readonly kind: 'unknown'; readonly message: string; readonly hint?: string }

export function readWord(word: string, catalogue: Catalogue): Word {
  if (Object.hasOwn(KEYS, word)) return { kind: 'key', key: word as Key }
  if (word.startsWith(FILE_PREFIX)) return { kind: 'file' }
  if (word.startsWith(WAIVER_PREFIX)) return readWaiver(word.slice(WAIVER_PREFIX.length))
  return readSetting(word, catalogue)
}

function readWaiver(check: string): Word {
  if (/^SC\d{3}$/.test(check)) return { kind: 'waiver', check }
  const digits = /^sc-?(\d{3})$/i.exec(check)?.[1]
  return {
    kind: 'unknown',
    message: `${quote(check)} is no check`,
    hint:
      digits === undefined ? 'a waiver names one check: lint-ignore.SC005' : `write lint-ignore.SC${digits}`,
  }
}

/** `logs.path` with the alias `logs` and `outrigger.logs.path` mean the same parameter of the entry `outrigger`. */
export function readSetting(word: string, catalogue: Catalogue): Word {
  const dot = word.indexOf('.')
  const first = dot < 0 ? word : word.slice(0, dot)
  const rest = dot < 0 ? '' : word.slice(dot + 1)
  const entries = catalogue.entries.filter(entry => answersTo(entry, first))
  for (const entry of entries)
    for (const parameter of entry.name === first ? [rest, word] : [word, rest])
      if (Object.hasOwn(entry.parameters, parameter)) return { kind: 'setting', entry: entry.name, parameter }
  return unknownWord(word, first, rest, entries, catalogue)
}

function answersTo(entry: Entry, name: string): boolean {
  return entry.name === name || Object.hasOwn(entry.aliases, name)
}

function unknownWord(
  word: string,
  first: string,
  rest: string,
  entries: readonly Entry[],
  catalogue: Catalogue,
): Word {
  const said = (message: string, candidates: readonly string[], meant: string): Word => {
    const near = meant.length > MAX_SUGGESTIONS_FROM ? undefined : nearest(meant, candidates)
    return {
      kind: 'unknown',
      message,
      ...(near !== undefined && { hint: `did you mean ${quote(DOMAIN + near)}?` }),
    }
  }
  if (entries.length > 0 && rest !== '')
    return said(`${quote(first)} has no parameter ${quote(rest)}`, entries.flatMap(settingsOf), word)
  const names = catalogue.entries.flatMap(entry => [entry.name, ...Object.keys(entry.aliases)])
  if (rest === '') return said(`${quote(word)} is no annotation of Outrigger`, Object.keys(KEYS), word)
  const near = first.length > MAX_SUGGESTIONS_FROM ? undefined : nearest(first, names)
  const message = `there is no sidecar ${quote(first)} in the catalogue`
  if (near === undefined) return { kind: 'unknown', message }
  const candidates = catalogue.entries.filter(entry => answersTo(entry, near)).flatMap(settingsOf)
  return said(message, candidates, `${near}.${rest}`)
}

/** Every way to write a parameter of an entry, after the domain. */
export function settingsOf(entry: Entry): string[] {
  return Object.keys(entry.parameters).flatMap(parameter => {
    const first = parameter.split('.')[0]!
    const short = Object.hasOwn(entry.aliases, first) ? [parameter] : []
    return [...short, `${entry.name}.${parameter}`]
  })
}

/**
 * What is wrong with the keys of a pod's annotations, whatever their values: keys that nobody understands, and domains
 * that are nearly ours. `path` leads to the annotations.
 */
export function misspelt(annotations: Json | undefined, path: Path, catalogue: Catalogue): Finding[] {
  if (!isObject(annotations)) return []
  const findings: Finding[] = []
  const tell = (key: string, message: string, hint: string | undefined): void => {
    findings.push(finding('unknown-annotation', 'warning', [...path, key], message, hint))
  }
  for (const key of Object.keys(annotations)) {
    if (key.startsWith(DOMAIN)) {
      const word = readWord(key.slice(DOMAIN.length), catalogue)
      if (word.kind === 'unknown') tell(key, word.message, word.hint)
    } else {
      const domain = nearlyOurs(key)
      if (domain !== undefined)
        tell(key, `${quote(domain)} is not ${quote(DOMAIN)}`, `write ${DOMAIN}${key.slice(domain.length)}`)
    }
  }
  return findings
}

/** `outriger.dev/`, `outrigger.io/` and the like. */
function nearlyOurs(key: string): string | undefined {
  const slash = key.indexOf('/')
  if (slash < 8 || slash > 20) return undefined
  const domain = key.slice(0, slash + 1).toLowerCase()
  const same = domain.startsWith('outrigger.') || editDistance(domain, DOMAIN) <= 2
  return same ? key.slice(0, slash + 1) : undefined
}

/** Annotations of Outrigger where they have no effect: beside the template instead of in it, or among the labels. */
export function misplaced(document: Json, workload: Workload): Finding[] {
  const findings: Finding[] = []
  const where = workload.template.slice(workload.object.length).join('.')
  const right = `${where === '' ? '' : `${where}.`}metadata.annotations`
  for (const outer of metadataAround(workload)) {
    const annotations = at(document, [...outer, 'annotations'])
    for (const key of ours(annotations))
      findings.push(
        finding(
          'misplaced-annotation',
          'warning',
          [...outer, 'annotations', key],
          `${key} has no effect on a ${workload.kind}`,
          `move it to ${right}: pods are made from there`,
        ),
      )
  }
  const labels = [...workload.template, 'metadata', 'labels']
  for (const key of ours(at(document, labels)))
    if (Object.hasOwn(KEYS, key.slice(DOMAIN.length)))
      findings.push(
        finding(
          'misplaced-annotation',
          'warning',
          [...labels, key],
          `${key} is no label`,
          `move it to ${right}`,
        ),
      )
  return findings
}

/** The metadata of everything that the pod template is in. */
function metadataAround({ kind, object, template }: Workload): Path[] {
  if (template.length === object.length) return []
  const outer: Path[] = [[...object, 'metadata']]
  if (kind === 'CronJob') outer.push([...object, 'spec', 'jobTemplate', 'metadata'])
  return outer
}

function ours(mapping: Json | undefined): string[] {
  if (!isObject(mapping)) return []
  return Object.keys(mapping).filter(key => key.startsWith(DOMAIN) && !key.startsWith(DOMAIN + WAIVER_PREFIX))
}

export function finding(
  code: string,
  severity: Severity,
  path: Path,
  message: string,
  hint?: string,
): Finding {
  return { code, severity, path, message, ...(hint !== undefined && { hint }) }
}
