import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import { readStatus } from '../../injection/compose/status.ts'
import { type EntryStatus, statusOf } from '../../injection/kubernetes/inject.ts'
import { at, isObject, type Json } from '../../manifests/json.ts'
import { subjectOf } from './words.ts'

/** One sidecar of one workload, or a workload without any. */
export interface StatusRow {
  readonly workload: string
  /** In a cluster: how many pods are so. */
  readonly pods?: number
  readonly sidecar?: string
  readonly version?: string
  readonly state?: 'current' | 'outdated' | 'changed' | 'missing' | 'unreadable'
  /** The state in words. */
  readonly detail: string
}

/** Of all workloads in an object of Kubernetes. */
export function rowsOfObject(value: Json, catalogue: Catalogue): StatusRow[] {
  return statusOf(value, catalogue).flatMap(({ workload, entries, findings }): StatusRow[] => {
    const subject = subjectOf(workload)
    const unreadable = findings.find(({ code }) => code === 'unreadable_status')
    if (unreadable !== undefined)
      return [{ workload: subject, sidecar: '?', state: 'unreadable', detail: unreadable.message }]
    if (entries.length === 0) return [{ workload: subject, detail: '' }]
    return entries.map(entry => ({
      workload: subject,
      sidecar: entry.name,
      version: entry.version,
      ...stateOf(entry),
    }))
  })
}

function stateOf({
  state,
  version,
  outdated,
}: EntryStatus): Pick<StatusRow, 'detail'> & { state: NonNullable<StatusRow['state']> } {
  if (state === 'missing') return { state, detail: 'its container is missing' }
  if (state === 'changed') return { state, detail: 'changed since it was injected' }
  if (outdated === undefined) return { state: 'current', detail: 'as in the catalogue' }
  const newer =
    outdated.version === version ? 'the entry has changed' : `the catalogue has ${outdated.version}`
  const mend =
    outdated.images === undefined ? 'inject again' : 'only images differ, which a running pod can be given'
  return { state: 'outdated', detail: `outdated: ${newer}; ${mend}` }
}

/** Of pods that run, those of one owner together. */
export function rowsOfPods(pods: readonly Json[], catalogue: Catalogue): StatusRow[] {
  const rows = new Map<string, StatusRow>()
  for (const pod of pods) {
    const workload = ownerOf(pod)
    // Pods in a list come without their kind.
    const object = isObject(pod) ? { apiVersion: 'v1', kind: 'Pod', ...pod } : pod
    for (const row of rowsOfObject(object, catalogue)) {
      const key = JSON.stringify([workload, row.sidecar, row.version, row.detail])
      rows.set(key, { ...row, workload, pods: (rows.get(key)?.pods ?? 0) + 1 })
    }
  }
  return [...rows.values()]
}

/** A ReplicaSet of a Deployment has the hash of the template in its name. */
function ownerOf(pod: Json): string {
  const namespace = at(pod, ['metadata', 'namespace'])
  const inNamespace = typeof namespace === 'string' ? { namespace } : {}
  const kind = at(pod, ['metadata', 'ownerReferences', 0, 'kind'])
  const name = at(pod, ['metadata', 'ownerReferences', 0, 'name'])
  if (typeof kind !== 'string' || typeof name !== 'string')
    return subjectOf({ kind: 'Pod', name: String(at(pod, ['metadata', 'name']) ?? ''), ...inNamespace })
  const hash = at(pod, ['metadata', 'labels', 'pod-template-hash'])
  const end = `-${String(hash)}`
  return kind === 'ReplicaSet' && typeof hash === 'string' && name.endsWith(end)
    ? subjectOf({ kind: 'Deployment', name: name.slice(0, -end.length), ...inNamespace })
    : subjectOf({ kind, name, ...inNamespace })
}

/** Of the services of a Compose file. */
export function rowsOfCompose(value: Json, catalogue: Catalogue): StatusRow[] {
  const services = at(value, ['services'])
  const reading = readStatus(value)
  if (reading.kind === 'unreadable')
    return [{ workload: 'the Compose file', sidecar: '?', state: 'unreadable', detail: reading.message }]
  const status = reading.kind === 'status' ? reading.status.services : {}
  const own = new Set(Object.values(status).flatMap(each => each.services))
  const names = Object.keys(isObject(services) ? services : {}).filter(name => !own.has(name))
  const bare = names.filter(name => !Object.hasOwn(status, name))
  return [
    ...Object.entries(status).flatMap(([service, { entries }]) =>
      entries.map(({ name, version, hash, service: sidecar }): StatusRow => {
        const of = { workload: `service ${service}`, sidecar: name, version }
        const isThere =
          isObject(services) && Object.hasOwn(services, sidecar) && Object.hasOwn(services, service)
        if (!isThere) return { ...of, state: 'missing', detail: 'its service is missing' }
        const found = catalogue.find(name)
        if (!found.ok || found.entry.hash === hash)
          return { ...of, state: 'current', detail: 'as in the catalogue' }
        const { version: now } = found.entry
        const newer = now === version ? 'the entry has changed' : `the catalogue has ${now}`
        return { ...of, state: 'outdated', detail: `outdated: ${newer}; inject again` }
      }),
    ),
    ...bare.map(name => ({ workload: `service ${name}`, detail: '' })),
  ]
}
