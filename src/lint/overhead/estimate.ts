import type { Json, JsonObject } from '../../manifests/json.ts'
import { type Amounts, add } from '../../manifests/pod-resources.ts'
import { workloads } from '../../manifests/workload.ts'
import type { Duty } from '../sidecars.ts'
import { monthly, type Prices } from './prices.ts'
import { type CostContext, type SidecarCost, type WorkloadCost, workloadCost } from './workload-cost.ts'

export interface EstimateOptions extends Omit<CostContext, 'objects' | 'nodes'> {
  readonly prices: Prices
  /** What pods may use of a node. */
  readonly node: { readonly cpu: number; readonly memory: number; readonly maxPods: number }
  /** How many nodes there are; as many as are needed unless given. */
  readonly nodes?: number | undefined
  /** As if there were so many pods together, shared out as they are now. */
  readonly pods?: number | undefined
  /** What one agent on a node asks for that does the work of sidecars. */
  readonly agent: Amounts
  /** What our own sidecar asks for that takes the place of several. */
  readonly consolidated: Amounts
}

/** Amounts of all pods together, and what a month of them costs. */
export interface Cost {
  readonly amounts: Amounts
  readonly perMonth: number
}

export interface Program {
  readonly name: string
  readonly does?: Duty
  readonly pods: number
  readonly byRequest: Cost
}

/** Sidecars of one kind against one agent on each node. */
export interface DaemonSetAlternative {
  readonly program: string
  readonly sidecars: Cost
  readonly agents: Cost
  /** From so many pods on a node on, agents cost less. Infinity: never. */
  readonly breakEvenPodsPerNode: number
  readonly podsPerNode: number
}

/** Several sidecars of a pod against one with all their functions. */
export interface Consolidation {
  readonly workloads: number
  readonly pods: number
  readonly now: Cost
  readonly then: Cost
  /** Negative: it would cost more. */
  readonly savedPerMonth: number
}

export interface Estimate {
  readonly prices: Prices
  readonly workloads: readonly WorkloadCost[]
  readonly pods: number
  readonly byRequest: Cost
  readonly byLimit: Cost & { readonly unbounded: number }
  readonly byUsage?: Cost & { readonly measured: number; readonly sidecars: number }
  /** What init containers hide: sidecars ask for it, pods do not. */
  readonly hidden: Cost
  readonly nodes: { readonly needed: number; readonly without: number; readonly counted: number }
  readonly programs: readonly Program[]
  readonly daemonSets: readonly DaemonSetAlternative[]
  readonly consolidation?: Consolidation
}

/** What an agent on the node can do as well: it needs nothing of the pod but files or a port. */
const ON_THE_NODE: readonly Duty[] = ['logs', 'metrics']
/** What our own sidecar does. */
const CONSOLIDATED: readonly Duty[] = ['proxy', 'logs']
/** Nodes for the alternative when nothing is known: the smallest cluster that survives one. */
const MIN_NODES = 1

/** Pure. `documents` are those of all files; `objects` all objects in them, for autoscalers. */
export function estimate(
  documents: readonly Json[],
  objects: readonly JsonObject[],
  options: EstimateOptions,
): Estimate {
  const { prices, node } = options
  const first = costs(documents, { ...options, objects, nodes: options.nodes ?? MIN_NODES })
  const counted = options.nodes ?? nodesFor(first, 'pod', node)
  const all = options.nodes === undefined ? costs(documents, { ...options, objects, nodes: counted }) : first
  const list = options.pods === undefined ? all : scaled(all, options.pods)
  const cost = (of: (workload: WorkloadCost) => Amounts | undefined): Cost => {
    const amounts = list.map(each => times(of(each) ?? {}, each.pods)).reduce<Amounts>(add, {})
    return { amounts, perMonth: monthly(amounts, prices) }
  }
  const sidecars = list.flatMap(each => each.sidecars.map(sidecar => ({ sidecar, pods: each.pods })))
  const measured = sidecars.filter(({ sidecar }) => sidecar.usage !== undefined).length
  const consolidation = consolidationOf(list, options)
  const nodes = { needed: nodesFor(list, 'pod', node), without: nodesFor(list, 'application', node), counted }
  return {
    prices,
    workloads: list.toSorted(
      (a, b) => monthly(times(b.requests, b.pods), prices) - monthly(times(a.requests, a.pods), prices),
    ),
    pods: list.reduce((sum, each) => sum + each.pods, 0),
    byRequest: cost(each => each.requests),
    byLimit: {
      ...cost(each => each.limits),
      unbounded: list.filter(each => each.unbounded.length > 0).length,
    },
    ...(measured > 0 && { byUsage: { ...cost(each => each.usage), measured, sidecars: sidecars.length } }),
    hidden: cost(each => positive(add(each.asked, times(each.requests, -1)))),
    nodes,
    programs: programsOf(sidecars, prices),
    daemonSets: daemonSetsOf(sidecars, nodes.counted, options),
    ...(consolidation && { consolidation }),
  }
}

function costs(documents: readonly Json[], context: CostContext): WorkloadCost[] {
  return documents.flatMap(document =>
    workloads(document).map(workload => workloadCost(document, workload, context)),
  )
}

/** As many pods as are asked for, in the proportions that there are. The rests go to the largest. */
function scaled(list: readonly WorkloadCost[], pods: number): WorkloadCost[] {
  const total = list.reduce((sum, each) => sum + each.pods, 0)
  if (total === 0) return [...list]
  const shares = list.map(each => Math.floor((each.pods * pods) / total))
  let rest = pods - shares.reduce((sum, share) => sum + share, 0)
  const order = list.map((_, index) => index).sort((a, b) => list[b]!.pods - list[a]!.pods)
  for (const index of order)
    if (rest > 0 && list[index]!.pods > 0) {
      shares[index]!++
      rest--
    }
  return list.map((each, index) => ({ ...each, pods: shares[index]!, podsFrom: `its share of ${pods} pods` }))
}

function nodesFor(
  list: readonly WorkloadCost[],
  what: 'pod' | 'application',
  { cpu, memory, maxPods }: EstimateOptions['node'],
): number {
  const total = list
    .map(({ pod, requests, pods }) =>
      times(what === 'pod' ? pod : positive(add(pod, times(requests, -1))), pods),
    )
    .reduce<Amounts>(add, {})
  const pods = list.reduce((sum, each) => sum + each.pods, 0)
  return Math.max(
    pods > 0 ? 1 : 0,
    ...[(total['cpu'] ?? 0) / cpu, (total['memory'] ?? 0) / memory, pods / maxPods].map(each =>
      Math.ceil(each - 1e-9),
    ),
  )
}

interface CountedSidecar {
  readonly sidecar: SidecarCost
  readonly pods: number
}

function programsOf(sidecars: readonly CountedSidecar[], prices: Prices): Program[] {
  const groups = Map.groupBy(sidecars, ({ sidecar }) => sidecar.program)
  return [...groups]
    .map(([name, group]): Program => {
      const amounts = group.map(({ sidecar, pods }) => times(sidecar.requests, pods)).reduce<Amounts>(add, {})
      const does = group[0]!.sidecar.does
      const pods = group.reduce((sum, each) => sum + each.pods, 0)
      return { name, ...(does && { does }), pods, byRequest: { amounts, perMonth: monthly(amounts, prices) } }
    })
    .sort((a, b) => b.byRequest.perMonth - a.byRequest.perMonth)
}

function daemonSetsOf(
  sidecars: readonly CountedSidecar[],
  nodes: number,
  { agent, prices }: EstimateOptions,
): DaemonSetAlternative[] {
  return programsOf(sidecars, prices).flatMap(({ name, does, pods, byRequest }): DaemonSetAlternative[] => {
    if (does === undefined || !ON_THE_NODE.includes(does) || pods === 0) return []
    const amounts = times(agent, nodes)
    const perPod = byRequest.perMonth / pods
    return [
      {
        program: name,
        sidecars: byRequest,
        agents: { amounts, perMonth: monthly(amounts, prices) },
        breakEvenPodsPerNode: perPod === 0 ? Number.POSITIVE_INFINITY : monthly(agent, prices) / perPod,
        podsPerNode: nodes === 0 ? 0 : pods / nodes,
      },
    ]
  })
}

function consolidationOf(
  list: readonly WorkloadCost[],
  { consolidated, prices }: EstimateOptions,
): Consolidation | undefined {
  const several = list.flatMap(workload => {
    const replaced = workload.sidecars.filter(({ does }) => does !== undefined && CONSOLIDATED.includes(does))
    return replaced.length > 1 && workload.pods > 0 ? [{ workload, replaced }] : []
  })
  if (several.length === 0) return undefined
  const sum = (of: (each: (typeof several)[number]) => Amounts): Cost => {
    const amounts = several.map(each => times(of(each), each.workload.pods)).reduce<Amounts>(add, {})
    return { amounts, perMonth: monthly(amounts, prices) }
  }
  const now = sum(({ replaced }) => replaced.map(({ requests }) => requests).reduce<Amounts>(add, {}))
  const then = sum(() => consolidated)
  return {
    workloads: several.length,
    pods: several.reduce((total, { workload }) => total + workload.pods, 0),
    now,
    then,
    savedPerMonth: now.perMonth - then.perMonth,
  }
}

export function times(amounts: Amounts, count: number): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, value * count]))
}

function positive(amounts: Amounts): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, Math.max(0, value)]))
}
