import type { KubernetesObject } from '../../../backends/kubernetes/resources.ts'
import { at, isObject, type Json } from '../../../manifests/json.ts'
import { type EntryStatus, statusOf } from '../../kubernetes/drift.ts'

/** What the watchdog keeps of a pod, of the whole cluster: no more than it needs. */
export interface PodRecord {
  readonly uid: string
  readonly createdMs: number
  /** Who would make it anew. */
  readonly owner: { readonly kind: string; readonly name: string } | undefined
  /** Of outrigger.dev/inject; undefined: as the namespace says. */
  readonly inject: string | undefined
  readonly entries: readonly Pick<EntryStatus, 'name' | 'version' | 'hash' | 'state'>[]
}

const ANNOTATIONS = ['metadata', 'annotations']

/** undefined: it has ended, is ending, or is none of our business. */
export function podRecord(pod: KubernetesObject): PodRecord | undefined {
  const object = { apiVersion: 'v1', kind: 'Pod', ...pod } as Json
  const { uid = '', creationTimestamp = '', deletionTimestamp } = pod.metadata ?? {}
  const phase = at(object, ['status', 'phase'])
  if (deletionTimestamp !== undefined || phase === 'Succeeded' || phase === 'Failed') return undefined
  const annotations = at(object, ANNOTATIONS)
  const own = isObject(annotations) ? annotations : {}
  if (own['outrigger.dev/skip'] !== undefined || own['kubernetes.io/config.mirror'] !== undefined)
    return undefined
  const inject = own['outrigger.dev/inject']
  const [status] = statusOf(object)
  return {
    uid,
    createdMs: Date.parse(creationTimestamp) || 0,
    owner: ownerOf(object),
    inject: typeof inject === 'string' ? inject : undefined,
    entries: (status?.entries ?? []).map(({ name, version, hash, state }) => ({
      name,
      version,
      hash,
      state,
    })),
  }
}

function ownerOf(pod: Json): PodRecord['owner'] {
  const owners = at(pod, ['metadata', 'ownerReferences'])
  const owner = Array.isArray(owners)
    ? owners.find((each: Json) => at(each, ['controller']) === true)
    : undefined
  if (owner === undefined) return undefined
  return { kind: String(at(owner, ['kind'])), name: String(at(owner, ['name'])) }
}
