import type { Duty } from '../../manifests/known-sidecars.ts'
import type { Amounts } from '../../manifests/pod-resources.ts'
import { type Cost, costOf, times } from './cost.ts'
import { monthly, type Prices } from './prices.ts'
import type { Program } from './programs.ts'
import type { WorkloadCost } from './workload-cost.ts'

/** Sidecars of one program against one agent on each node. */
export interface DaemonSetAlternative {
  readonly program: string
  readonly sidecars: Cost
  readonly agents: Cost
  /** From so many pods with it on a node on, agents cost less. Infinity: never. */
  readonly breakEvenPodsPerNode: number
  readonly podsPerNode: number
}

/** Sidecars of pods against one in each with all their functions. */
export interface Consolidation {
  readonly workloads: number
  readonly pods: number
  readonly now: Cost
  readonly instead: Cost
  /** Negative: it would cost more. */
  readonly savedPerMonth: number
}

/** What an agent on the node can do as well: it needs nothing of the pod but files or a port. */
const ON_THE_NODE: readonly Duty[] = ['logs', 'metrics']

export function daemonSetsOf(
  programs: readonly Program[],
  nodes: number,
  agent: Amounts,
  prices: Prices,
): DaemonSetAlternative[] {
  return programs.flatMap(({ name, does, pods, byRequest }): DaemonSetAlternative[] => {
    if (does === undefined || !ON_THE_NODE.includes(does) || pods === 0) return []
    const perPod = byRequest.perMonth / pods
    return [
      {
        program: name,
        sidecars: byRequest,
        agents: costOf([times(agent, nodes)], prices),
        breakEvenPodsPerNode: perPod === 0 ? Number.POSITIVE_INFINITY : monthly(agent, prices) / perPod,
        podsPerNode: nodes === 0 ? 0 : pods / nodes,
      },
    ]
  })
}

/** Of the workloads with as many replaceable sidecars as `fits` says. */
export function consolidationOf(
  list: readonly WorkloadCost[],
  fits: (replaced: number) => boolean,
  prices: Prices,
): Consolidation | undefined {
  const chosen = list.flatMap(({ pods, replacement }) =>
    pods > 0 && replacement !== undefined && fits(replacement.replaced.length) ? [{ pods, replacement }] : [],
  )
  if (chosen.length === 0) return undefined
  const cost = (which: 'now' | 'instead') =>
    costOf(
      chosen.map(({ pods, replacement }) => times(replacement[which], pods)),
      prices,
    )
  const [now, instead] = [cost('now'), cost('instead')]
  return {
    workloads: chosen.length,
    pods: chosen.reduce((total, { pods }) => total + pods, 0),
    now,
    instead,
    savedPerMonth: now.perMonth - instead.perMonth,
  }
}
