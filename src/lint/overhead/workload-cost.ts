import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { type Amounts, add, limitsOf, podRequests, requestsOf } from '../../manifests/pod-resources.ts'
import { containersOf, type PodContainer, type Workload } from '../../manifests/workload.ts'
import { type Duty, recognise, sidecarsAmong } from '../sidecars.ts'

/** What was measured of one container, on average over its pods. */
export type UsageOf = (workload: Workload, container: string) => Amounts | undefined

export interface SidecarCost {
  readonly container: string
  /** The program that it is known as. */
  readonly program: string
  readonly does?: Duty
  readonly form: 'native' | 'classic'
  readonly requests: Amounts
  /** A resource that it has no limit of is not in it. */
  readonly limits: Amounts
  readonly usage?: Amounts
}

/** The sidecars of one workload. Amounts are those of one pod. */
export interface WorkloadCost {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly pods: number
  /** Where the number of pods comes from, and what it does not say. */
  readonly podsFrom: string
  readonly sidecars: readonly SidecarCost[]
  /** What the pod asks for with its sidecars, less what it would without: an init container can hide a sidecar. */
  readonly requests: Amounts
  /** What the sidecars ask for, taken by themselves. */
  readonly asked: Amounts
  /** The sum of what their limits are. */
  readonly limits: Amounts
  /** Resources of which a sidecar has no limit. */
  readonly unbounded: readonly string[]
  /** Of the sidecars that were measured; undefined: none was. */
  readonly usage?: Amounts
  /** Of the whole pod. */
  readonly pod: Amounts
}

export interface CostContext {
  readonly catalogue: Catalogue
  readonly usage?: UsageOf | undefined
  /** Of a DaemonSet. */
  readonly nodes: number
  /** HorizontalPodAutoscalers. */
  readonly objects: readonly JsonObject[]
}

/** undefined: the workload has no pods of its own, or they come and go. */
export function workloadCost(document: Json, workload: Workload, context: CostContext): WorkloadCost {
  const template = at(document, workload.template) as JsonObject
  const containers = containersOf(template)
  const sidecars = sidecarsAmong(containers, context.catalogue)
  const costs = sidecars.map(each => sidecarCost(each, workload, context))
  const bare = without(template, sidecars)
  const measured = costs.flatMap(({ usage }) => (usage === undefined ? [] : [usage]))
  const unbounded = ['cpu', 'memory'].filter(name => costs.some(each => each.limits[name] === undefined))
  return {
    ...{ kind: workload.kind, namespace: workload.namespace ?? 'default', name: workload.name },
    ...podsOf(document, workload, context),
    sidecars: costs,
    requests: less(podRequests(template), podRequests(bare)),
    asked: costs.map(each => each.requests).reduce<Amounts>(add, {}),
    limits: costs.map(each => each.limits).reduce<Amounts>(add, {}),
    unbounded: costs.length === 0 ? [] : unbounded,
    ...(measured.length > 0 && { usage: measured.reduce<Amounts>(add, {}) }),
    pod: podRequests(template),
  }
}

function sidecarCost(
  container: PodContainer,
  workload: Workload,
  { catalogue, usage }: CostContext,
): SidecarCost {
  const known = recognise(container.container, catalogue)
  const measured = usage?.(workload, container.name)
  return {
    container: container.name,
    program: known?.name ?? container.name,
    ...(known?.does !== undefined && { does: known.does }),
    form: container.role === 'sidecar' ? 'native' : 'classic',
    requests: requestsOf(container),
    limits: limitsOf(container),
    ...(measured !== undefined && { usage: measured }),
  }
}

function without(template: JsonObject, sidecars: readonly PodContainer[]): JsonObject {
  const gone = new Set<unknown>(sidecars.map(({ container }) => container))
  const spec = at(template, ['spec'])
  if (!isObject(spec)) return template
  const keep = (list: Json | undefined) => (Array.isArray(list) ? list.filter(each => !gone.has(each)) : [])
  return {
    ...template,
    spec: { ...spec, containers: keep(spec['containers']), initContainers: keep(spec['initContainers']) },
  }
}

/** Never below nothing: what rounding leaves. */
function less(one: Amounts, other: Amounts): Amounts {
  const rest = add(one, Object.fromEntries(Object.entries(other).map(([name, value]) => [name, -value])))
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, Math.max(0, value)]))
}

function podsOf(
  document: Json,
  { kind, name, namespace, object }: Workload,
  { nodes, objects }: CostContext,
): { readonly pods: number; readonly podsFrom: string } {
  const number = (...path: string[]) => {
    const value = at(document, [...object, 'spec', ...path])
    return typeof value === 'number' && value >= 0 ? value : undefined
  }
  switch (kind) {
    case 'Pod':
      return { pods: 1, podsFrom: 'one pod' }
    case 'DaemonSet':
      return { pods: nodes, podsFrom: `one on each of ${nodes} nodes` }
    case 'Job':
      return { pods: number('parallelism') ?? 1, podsFrom: 'while it runs' }
    case 'CronJob':
      return { pods: 0, podsFrom: 'not counted: it depends on how long a run takes' }
    case 'PodTemplate':
      return { pods: 0, podsFrom: 'not counted: a template makes no pods' }
  }
  const scaler = objects.find(
    each =>
      each['kind'] === 'HorizontalPodAutoscaler' &&
      at(each, ['spec', 'scaleTargetRef', 'kind']) === kind &&
      at(each, ['spec', 'scaleTargetRef', 'name']) === name &&
      (at(each, ['metadata', 'namespace']) ?? namespace) === namespace,
  )
  const replicas = number('replicas')
  if (scaler === undefined)
    return { pods: replicas ?? 1, podsFrom: replicas === undefined ? 'default of 1' : 'replicas' }
  const [min, max] = [at(scaler, ['spec', 'minReplicas']), at(scaler, ['spec', 'maxReplicas'])]
  const least = typeof min === 'number' ? min : 1
  return { pods: Math.max(replicas ?? least, least), podsFrom: `autoscaled from ${least} to ${String(max)}` }
}
