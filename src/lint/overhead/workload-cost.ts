import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import type { Duty } from '../../manifests/known-sidecars.ts'
import { type Amounts, add, limitsOf, podRequests, requestsOf } from '../../manifests/pod-resources.ts'
import { containersOf, type PodContainer } from '../../manifests/workload.ts'
import { recognise, sidecarsAmong } from '../sidecars.ts'
import { less } from './cost.ts'
import { type StartDelay, startDelayOf } from './start-delay.ts'
import type { Subject } from './subject.ts'

/** What was measured of one container, on average over its pods. */
export type UsageOf = (subject: Subject, container: string) => Amounts | undefined

export interface SidecarCost {
  readonly container: string
  readonly image: string
  /** The program that it is known as. */
  readonly program: string
  readonly does?: Duty
  readonly form: 'native' | 'classic'
  readonly requests: Amounts
  /** What the pod would ask for less if this sidecar alone were not there. */
  readonly effective: Amounts
  /** A resource that it has no limit of is not in it. */
  readonly limits: Amounts
  readonly usage?: Amounts
}

/** One sidecar with all their functions in place of those named. Amounts are effective ones, of one pod. */
export interface Replacement {
  readonly replaced: readonly string[]
  readonly now: Amounts
  readonly instead: Amounts
}

/** The sidecars of one workload. Amounts are those of one pod. */
export interface WorkloadCost extends Omit<Subject, 'template' | 'podNames'> {
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
  /** Length of the sidecars in the pod's JSON, which the API server stores and sends for each pod. */
  readonly bytes: number
  /** Until the application may start; undefined: it waits for no sidecar. */
  readonly startDelay?: StartDelay
  readonly replacement?: Replacement
}

export interface CostContext {
  readonly catalogue: Catalogue
  readonly usage?: UsageOf | undefined
  /** What our own sidecar asks for that takes the place of several; undefined: the catalogue has none. */
  readonly consolidated?: Amounts | undefined
}

/** What our own sidecar does. */
const CONSOLIDATED: readonly Duty[] = ['proxy', 'logs']

export function workloadCost(subject: Subject, context: CostContext): WorkloadCost {
  const { template, podNames, ...identity } = subject
  const sidecars = sidecarsAmong(containersOf(template), context.catalogue)
  const pod = podRequests(template)
  const costs = sidecars.map(each => sidecarCost(each, pod, subject, context))
  const measured = costs.flatMap(({ usage }) => (usage === undefined ? [] : [usage]))
  const replaced = sidecars.filter((_, index) => isReplaceable(costs[index]!))
  const startDelay = startDelayOf(sidecars)
  const { consolidated } = context
  // Where our own is there already, it does what the others did.
  const added = costs.some(({ program }) => program === 'outrigger') ? {} : consolidated
  return {
    ...identity,
    sidecars: costs,
    requests: less(pod, podRequests(without(template, sidecars))),
    asked: sum(costs.map(each => each.requests)),
    limits: sum(costs.map(each => each.limits)),
    unbounded: ['cpu', 'memory'].filter(name => costs.some(each => each.limits[name] === undefined)),
    ...(measured.length > 0 && { usage: sum(measured) }),
    pod,
    bytes: sidecars.reduce((total, { container }) => total + bytesOf(container), 0),
    ...(startDelay && { startDelay }),
    ...(replaced.length > 0 &&
      added !== undefined && { replacement: replacementOf(template, replaced, added) }),
  }
}

function sidecarCost(
  container: PodContainer,
  pod: Amounts,
  subject: Subject,
  { catalogue, usage }: CostContext,
): SidecarCost {
  const known = recognise(container.container, catalogue)
  const measured = usage?.(subject, container.name)
  const image = container.container['image']
  return {
    container: container.name,
    image: typeof image === 'string' ? image : '',
    program: known?.name ?? container.name,
    ...(known?.does !== undefined && { does: known.does }),
    form: container.role === 'sidecar' ? 'native' : 'classic',
    requests: requestsOf(container),
    effective: less(pod, podRequests(without(subject.template, [container]))),
    limits: limitsOf(container),
    ...(measured !== undefined && { usage: measured }),
  }
}

function isReplaceable({ does, program }: SidecarCost): boolean {
  return does !== undefined && CONSOLIDATED.includes(does) && program !== 'outrigger'
}

function replacementOf(template: JsonObject, replaced: readonly PodContainer[], added: Amounts): Replacement {
  const rest = without(template, replaced)
  const spec = rest['spec'] as JsonObject
  const one: Json = {
    name: 'outrigger',
    restartPolicy: 'Always',
    resources: { requests: { ...added } },
  }
  const initContainers = [one, ...(spec['initContainers'] as Json[])]
  const bare = podRequests(rest)
  return {
    replaced: replaced.map(({ name }) => name),
    now: less(podRequests(template), bare),
    instead: less(podRequests({ ...rest, spec: { ...spec, initContainers } }), bare),
  }
}

function without(template: JsonObject, sidecars: readonly PodContainer[]): JsonObject {
  const gone = new Set<unknown>(sidecars.map(({ container }) => container))
  const spec = at(template, ['spec'])
  const keep = (list: Json | undefined) => (Array.isArray(list) ? list.filter(each => !gone.has(each)) : [])
  const { containers, initContainers, ...rest } = isObject(spec) ? spec : {}
  return {
    ...template,
    spec: { ...rest, containers: keep(containers), initContainers: keep(initContainers) },
  }
}

function sum(list: readonly Amounts[]): Amounts {
  return list.reduce<Amounts>(add, {})
}

function bytesOf(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length
}
