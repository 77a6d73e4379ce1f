import type { Finding } from '../../manifests/finding.ts'
import { at, isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import { workloads } from '../../manifests/workload.ts'
import { applyPatch, equal } from '../../wire/json-patch/patch.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { contentOf } from './fingerprint.ts'
import type { Added, Fingerprint, Injected, InjectedEntry, InjectionContext } from './injection.ts'
import { inject } from './injector.ts'
import { removalOf, STATUS } from './removal.ts'
import { readStatus } from './status.ts'
import { uninject } from './uninject.ts'
import { finding } from './vocabulary.ts'

/** What is injected into one pod template, and how far that is from what should be. */
export interface PodStatus {
  /** To the pod template in the document. */
  readonly path: Path
  readonly workload: Injected['workload']
  /** None: nothing is injected, or the status cannot be read, which `findings` then tells. */
  readonly entries: readonly EntryStatus[]
  readonly findings: readonly Finding[]
}

export interface EntryStatus extends Pick<InjectedEntry, 'name' | 'version' | 'hash'> {
  /** As the real containers show, never the annotation alone. */
  readonly state: 'present' | 'changed' | 'missing'
  /** With a catalogue: what its entry would change in this pod. */
  readonly outdated?: Outdated
}

export interface Outdated {
  /** Of the catalogue's entry. */
  readonly version: string
  readonly hash: string
  /**
   * Set when new images are all that would change: a running pod takes them by a patch of these places, and only the
   * sidecar starts anew. Otherwise the pod has to be made again.
   */
  readonly images?: readonly ImageChange[]
}

export interface ImageChange {
  readonly container: string
  /** From the root of the document to the container's image. */
  readonly path: Path
  readonly from: string
  readonly to: string
}

/** What of a document's pods is injected. With a catalogue also whether it is what would be injected today. */
export function statusOf(document: Json, catalogue?: Catalogue, context: InjectionContext = {}): PodStatus[] {
  const pods = workloads(document).map(({ kind, name, namespace, template: path }) => {
    const template = at(document, path) as JsonObject
    const annotations = at(template, ['metadata', 'annotations'])
    const where = [...path, 'metadata', 'annotations', STATUS]
    const reading = readStatus(isObject(annotations) ? annotations[STATUS] : undefined)
    const workload = { kind, name, ...(namespace !== undefined && { namespace }) }
    if (reading.kind === 'unreadable') {
      const message = `the status cannot be read: ${reading.message}`
      return {
        path,
        workload,
        entries: [],
        findings: [finding('unreadable_status', 'error', where, message)],
      }
    }
    if (reading.kind === 'none') return { path, workload, entries: [], findings: [] }
    const { status } = reading
    const findings: Finding[] = []
    const entries = status.entries.map(entry => {
      const { missing, foreign, changed } = removalOf(template, entry.added, status, false)
      for (const gone of missing)
        findings.push(
          finding(
            'missing-container',
            'warning',
            where,
            `${entry.name} is in the status, its container ${gone} is not`,
          ),
        )
      for (const place of [...foreign, ...changed])
        findings.push(
          finding(
            'changed-container',
            'info',
            [...path, ...place],
            `it is not as ${entry.name} was injected`,
          ),
        )
      const { name, version, hash } = entry
      const state = missing.length > 0 ? 'missing' : changed.length > 0 ? 'changed' : 'present'
      return { name, version, hash, state, added: entry.added } as const
    })
    return { path, workload, entries, findings }
  })
  const today = catalogue === undefined ? undefined : injectedToday(document, catalogue, context)
  return pods.map(({ entries, ...pod }) => ({
    ...pod,
    entries: entries.map(({ added, ...entry }) => {
      const outdated =
        catalogue && today && outdatedOf({ ...entry, added }, document, pod.path, catalogue, today)
      return { ...entry, ...(outdated && { outdated }) }
    }),
  }))
}

/** What the same pods would get if they came without sidecars. */
function injectedToday(document: Json, catalogue: Catalogue, context: InjectionContext): Today {
  const bare = applyPatch(document, uninject(document).patch) as Json
  const { patch, status } = inject(bare, catalogue, context)
  return { document: applyPatch(bare, patch) as Json, status }
}

interface Today {
  readonly document: Json
  readonly status: readonly Injected[]
}

function outdatedOf(
  entry: InjectedEntry,
  document: Json,
  path: Path,
  catalogue: Catalogue,
  today: Today,
): Outdated | undefined {
  const found = catalogue.find(entry.name)
  if (!found.ok || found.entry.hash === entry.hash) return undefined
  const { version, hash } = found.entry
  const pod = today.status.find(each => equal(each.path, path))
  const added = pod?.status?.entries.find(({ name }) => name === entry.name)?.added
  const images =
    added && isSameBesides(added, document, today.document, path)
      ? imagesOf(entry.added, added, document, path)
      : undefined
  return { version, hash, ...(images && { images }) }
}

/** Whether generated files and volumes are what they would be today. */
function isSameBesides(added: Added, before: Json, after: Json, path: Path): boolean {
  const text = (document: Json, key: string): Json | undefined =>
    at(document, [...path, 'metadata', 'annotations', key])
  const volume = (document: Json, name: string): string => {
    const volumes = at(document, [...path, 'spec', 'volumes'])
    return contentOf(
      Array.isArray(volumes) ? volumes.find(each => isObject(each) && each['name'] === name) : undefined,
    )
  }
  return (
    (added.annotations ?? []).every(key => text(before, key) === text(after, key)) &&
    (added.volumes ?? []).every(name => volume(before, name) === volume(after, name))
  )
}

/** undefined when more than images differs. */
function imagesOf(before: Added, after: Added, document: Json, path: Path): ImageChange[] | undefined {
  const { initContainers: _, containers: __, ...rest } = before
  const { initContainers: ___, containers: ____, ...restAfter } = after
  if (!equal(rest, restAfter)) return undefined
  const images: ImageChange[] = []
  for (const list of ['initContainers', 'containers'] as const) {
    const now = new Map(Object.entries(after[list] ?? {}))
    const old = Object.entries(before[list] ?? {})
    if (old.length !== now.size) return undefined
    for (const [container, { hash, image }] of old) {
      const next: Fingerprint | undefined = now.get(container)
      if (next?.hash !== hash) return undefined
      if (next.image === image) continue
      const items = at(document, [...path, 'spec', list])
      const index = Array.isArray(items)
        ? items.findIndex(item => isObject(item) && item['name'] === container)
        : -1
      if (index < 0) return undefined
      images.push({ container, path: [...path, 'spec', list, index, 'image'], from: image, to: next.image })
    }
  }
  return images.length === 0 ? undefined : images
}
