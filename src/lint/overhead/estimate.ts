import { type Amounts, add } from '../../manifests/pod-resources.ts'
import {
  type Consolidation,
  consolidationOf,
  type DaemonSetAlternative,
  daemonSetsOf,
} from './alternatives.ts'
import { type Cost, costOf, less, times } from './cost.ts'
import { monthly, type Prices } from './prices.ts'
import { type Program, programsOf } from './programs.ts'
import type { Subject } from './subject.ts'
import { type CostContext, type WorkloadCost, workloadCost } from './workload-cost.ts'

export interface EstimateOptions extends CostContext {
  readonly prices: Prices
  /** What pods may use of a node. */
  readonly node: { readonly cpu: number; readonly memory: number; readonly maxPods: number }
  /** How many nodes there are; as many as are needed unless given. */
  readonly nodes?: number | undefined
  /** As if there were so many pods together, shared out as they are now. */
  readonly pods?: number | undefined
  /** What one agent on a node asks for that does the work of sidecars. */
  readonly agent: Amounts
}

export interface Estimate {
  readonly prices: Prices
  /** The dearest first. */
  readonly workloads: readonly WorkloadCost[]
  readonly pods: number
  readonly byRequest: Cost
  readonly byLimit: Cost & { readonly unbounded: number }
  readonly byUsage?: Cost & { readonly measured: number; readonly sidecars: number }
  /** By request, with every autoscaler at its most; undefined: none can make more pods than there are. */
  readonly atMost?: Cost & { readonly pods: number }
  /** What sidecars ask for and pods do not: an init container or the pod's own resources reserve it in any case. */
  readonly hidden: Cost
  /** At least so many; how pods fit on nodes is not looked at. */
  readonly nodes: { readonly needed: number; readonly without: number; readonly counted: number }
  /** What sidecars add to the objects of pods. */
  readonly bytes: number
  /** Different images of sidecars: each node pulls those that its pods have. */
  readonly images: number
  /** The workload whose application waits longest for its sidecars to start. */
  readonly slowestStart?: WorkloadCost
  readonly programs: readonly Program[]
  readonly daemonSets: readonly DaemonSetAlternative[]
  /** One sidecar in place of several. */
  readonly consolidation?: Consolidation
  /** One sidecar in place of one: usually it costs more. */
  readonly exchange?: Consolidation
}

/** Pure. `subjectsOn` gives what is counted on so many nodes: DaemonSets have a pod on each. */
export function estimate(
  subjectsOn: (nodes: number) => readonly Subject[],
  options: EstimateOptions,
): Estimate {
  const { prices, node } = options
  const costsOn = (nodes: number) => subjectsOn(nodes).map(each => workloadCost(each, options))
  const counted = options.nodes ?? nodesFor(costsOn(1), 'pod', node)
  const all = costsOn(counted)
  const list = options.pods === undefined ? all : scaled(all, options.pods)
  const cost = (
    of: (workload: WorkloadCost) => Amounts | undefined,
    pods: (workload: WorkloadCost) => number = podsOf,
  ): Cost =>
    costOf(
      list.map(each => times(of(each) ?? {}, pods(each))),
      prices,
    )
  const sidecars = list.flatMap(each => each.sidecars.map(sidecar => ({ sidecar, pods: each.pods })))
  const measured = sidecars.filter(({ sidecar }) => sidecar.usage !== undefined).length
  const grows = list.some(each => each.sidecars.length > 0 && each.mostPods > each.pods)
  const slowestStart = list
    .filter(({ startDelay }) => startDelay !== undefined)
    .toSorted((a, b) => b.startDelay!.mostSeconds - a.startDelay!.mostSeconds)[0]
  const programs = programsOf(list, prices)
  const consolidation = consolidationOf(list, count => count > 1, prices)
  const exchange = consolidationOf(list, count => count === 1, prices)
  return {
    prices,
    workloads: list.toSorted((a, b) => perMonthOf(b, prices) - perMonthOf(a, prices)),
    pods: total(list, podsOf),
    byRequest: cost(each => each.requests),
    byLimit: {
      ...cost(each => each.limits),
      unbounded: list.filter(each => each.unbounded.length > 0).length,
    },
    ...(measured > 0 && { byUsage: { ...cost(each => each.usage), measured, sidecars: sidecars.length } }),
    ...(grows && {
      atMost: {
        ...cost(
          each => each.requests,
          each => each.mostPods,
        ),
        pods: total(list, each => each.mostPods),
      },
    }),
    hidden: cost(each => less(each.asked, each.requests)),
    nodes: { needed: nodesFor(list, 'pod', node), without: nodesFor(list, 'application', node), counted },
    bytes: total(list, each => each.bytes * each.pods),
    images: new Set(sidecars.filter(({ pods }) => pods > 0).map(({ sidecar }) => sidecar.image)).size,
    ...(slowestStart && { slowestStart }),
    programs,
    daemonSets: daemonSetsOf(programs, counted, options.agent, prices),
    ...(consolidation && { consolidation }),
    ...(exchange && { exchange }),
  }
}

/** What the sidecars of a workload cost by request. */
export function perMonthOf(workload: WorkloadCost, prices: Prices): number {
  return monthly(workload.requests, prices) * workload.pods
}

/** As many pods as are asked for, in the proportions that there are. The rests go to the largest. */
function scaled(list: readonly WorkloadCost[], pods: number): WorkloadCost[] {
  const now = total(list, podsOf)
  if (now === 0) return [...list]
  const shares = list.map(each => Math.floor((each.pods * pods) / now))
  let rest = pods - shares.reduce((sum, share) => sum + share, 0)
  const order = list.map((_, index) => index).sort((a, b) => list[b]!.pods - list[a]!.pods)
  for (const index of order)
    if (rest > 0 && list[index]!.pods > 0) {
      shares[index]!++
      rest--
    }
  return list.map((each, index) => ({
    ...each,
    pods: shares[index]!,
    mostPods: shares[index]!,
    podsFrom: `its share of ${pods} pods`,
  }))
}

function nodesFor(
  list: readonly WorkloadCost[],
  what: 'pod' | 'application',
  { cpu, memory, maxPods }: EstimateOptions['node'],
): number {
  const amounts = list
    .map(({ pod, requests, pods }) => times(what === 'pod' ? pod : less(pod, requests), pods))
    .reduce<Amounts>(add, {})
  const pods = total(list, podsOf)
  const shares = [(amounts['cpu'] ?? 0) / cpu, (amounts['memory'] ?? 0) / memory, pods / maxPods]
  return Math.max(pods > 0 ? 1 : 0, ...shares.map(each => Math.ceil(each - 1e-9)))
}

function podsOf({ pods }: { readonly pods: number }): number {
  return pods
}

function total<Item>(list: readonly Item[], of: (item: Item) => number): number {
  return list.reduce((sum, each) => sum + of(each), 0)
}
