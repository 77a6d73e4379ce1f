import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { type Workload, workloads } from '../../manifests/workload.ts'

/** Pods that are all alike: of a workload in a manifest, or those that run in a cluster. */
export interface Subject {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** What holds the pod's metadata and spec. */
  readonly template: JsonObject
  readonly pods: number
  /** As many as an autoscaler may make of them. */
  readonly mostPods: number
  /** Where the number of pods comes from, and what it does not say. */
  readonly podsFrom: string
  /** Names of those that run; undefined: they are told by the name of what makes them. */
  readonly podNames?: ReadonlySet<string>
}

/** What the manifests' workloads would make, with the autoscalers that stand among `objects`. */
export function ofManifests(
  documents: readonly Json[],
  objects: readonly JsonObject[],
  nodes: number,
): Subject[] {
  const scalers = scalersAmong(objects)
  return documents.flatMap(document =>
    workloads(document).map((workload): Subject => {
      const { kind, name, namespace = 'default' } = workload
      const template = at(document, workload.template) as JsonObject
      return { kind, namespace, name, template, ...podsOf(document, workload, scalers, nodes) }
    }),
  )
}

type Pods = Pick<Subject, 'pods' | 'mostPods' | 'podsFrom'>

function podsOf(document: Json, workload: Workload, scalers: readonly JsonObject[], nodes: number): Pods {
  const number = (...path: string[]) => count(at(document, [...workload.object, 'spec', ...path]))
  const fixed = (pods: number, podsFrom: string): Pods => ({ pods, mostPods: pods, podsFrom })
  switch (workload.kind) {
    case 'Pod':
      return fixed(1, 'one pod')
    case 'DaemonSet':
      return fixed(nodes, `one on each of ${nodes} nodes`)
    case 'Job':
      return fixed(number('parallelism') ?? 1, 'while it runs')
    case 'CronJob':
      return fixed(0, 'not counted: it depends on how long a run takes')
    case 'PodTemplate':
      return fixed(0, 'not counted: a template makes no pods')
  }
  const replicas = number('replicas')
  const scale = scaleOf(workload, scalers)
  if (scale === undefined)
    return replicas === undefined ? fixed(1, 'default of 1') : fixed(replicas, 'replicas')
  // An autoscaler leaves a workload alone that is scaled to nothing.
  if (replicas === 0) return fixed(0, 'scaled to nothing')
  const pods = Math.min(Math.max(replicas ?? scale.least, scale.least), scale.most)
  return { pods, mostPods: scale.most, podsFrom: `autoscaled from ${scale.least} to ${scale.most}` }
}

export function scalersAmong(objects: readonly JsonObject[]): JsonObject[] {
  return objects.filter(each => each['kind'] === 'HorizontalPodAutoscaler')
}

/** Between which numbers an autoscaler keeps the pods of a workload. */
export function scaleOf(
  { kind, name, namespace = 'default' }: Pick<Workload, 'kind' | 'name' | 'namespace'>,
  scalers: readonly JsonObject[],
): { readonly least: number; readonly most: number } | undefined {
  const scaler = scalers.find(
    each =>
      at(each, ['spec', 'scaleTargetRef', 'kind']) === kind &&
      at(each, ['spec', 'scaleTargetRef', 'name']) === name &&
      (at(each, ['metadata', 'namespace']) ?? 'default') === namespace,
  )
  if (!isObject(scaler)) return undefined
  const least = count(at(scaler, ['spec', 'minReplicas'])) ?? 1
  return { least, most: Math.max(least, count(at(scaler, ['spec', 'maxReplicas'])) ?? least) }
}

/** The API takes 32 bits. */
function count(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31
    ? value
    : undefined
}
