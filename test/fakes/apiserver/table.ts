import type { Kind } from './kinds.ts'
import type { Tree } from './tree.ts'

/** Whether the client would rather have rows for people (kubectl get). */
export function wantsTable(accept: string): boolean {
  return accept
    .split(',')
    .some(each => each.includes('as=Table') && each.includes('v=v1;') !== each.includes('v=v1beta1'))
}

const COLUMNS: Readonly<Record<string, readonly (readonly [string, (object: Tree) => unknown])[]>> = {
  Pod: [
    [
      'Ready',
      pod =>
        `${(pod['status']?.containerStatuses ?? []).filter((each: Tree) => each['ready']).length}/${pod['spec'].containers.length}`,
    ],
    ['Status', pod => pod['status']?.phase ?? 'Unknown'],
  ],
  Namespace: [['Status', namespace => namespace['status']?.phase]],
  Lease: [['Holder', lease => lease['spec']?.holderIdentity ?? '']],
  MutatingWebhookConfiguration: [['Webhooks', each => each['webhooks']?.length ?? 0]],
  ValidatingWebhookConfiguration: [['Webhooks', each => each['webhooks']?.length ?? 0]],
}

export function tableOf(kind: Kind, objects: readonly Tree[], metadata: Tree, nowMs: number): Tree {
  const columns = COLUMNS[kind.kind] ?? []
  const column = (name: string, format = '') => ({
    name,
    type: 'string',
    format,
    description: name,
    priority: 0,
  })
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: [column('Name', 'name'), ...columns.map(([name]) => column(name)), column('Age')],
    rows: objects.map(object => ({
      cells: [object['metadata'].name, ...columns.map(([, cell]) => cell(object)), ageOf(object, nowMs)],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object['metadata'] },
    })),
  }
}

function ageOf({ metadata }: Tree, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(metadata.creationTimestamp)) / 1000))
  return seconds < 120 ? `${seconds}s` : `${Math.floor(seconds / 60)}m`
}
