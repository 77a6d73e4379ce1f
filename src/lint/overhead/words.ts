import type { Consolidation, DaemonSetAlternative } from './alternatives.ts'
import type { Estimate } from './estimate.ts'
import { amountsText, costText, count, money } from './figures.ts'
import type { WorkloadCost } from './workload-cost.ts'

/** What is worth knowing beside the figures, a sentence each, for every form of the report. */
export function notes(estimate: Estimate): string[] {
  const { prices, byLimit, byUsage, atMost, hidden, nodes, bytes, images, slowestStart } = estimate
  const pods = podsWithSidecars(estimate)
  const list = [`At least ${count(nodes.needed, 'node')} with the sidecars, ${nodes.without} without.`]
  if (byLimit.unbounded > 0)
    list.push(
      `${count(byLimit.unbounded, 'workload has', 'workloads have')} a sidecar without a limit of cpu or memory: there is no upper bound.`,
    )
  if (byUsage !== undefined && byUsage.measured < byUsage.sidecars)
    list.push(`Measured were ${byUsage.measured} of ${byUsage.sidecars} sidecars.`)
  if (atMost !== undefined)
    list.push(
      `With every autoscaler at its most (${count(atMost.pods, 'pod')}): ${money(atMost.perMonth, prices)} a month.`,
    )
  if (hidden.perMonth > 0.005)
    list.push(
      `Not counted: ${costText(hidden, prices)}, which pods reserve in any case, for their init containers or as a whole.`,
    )
  if (bytes > 0)
    list.push(
      `Sidecars add ${kilobytes(bytes / pods)} to the object of each pod, ${kilobytes(bytes)} in all; nodes pull ${count(images, 'image')} for them.`,
    )
  if (slowestStart?.startDelay !== undefined) {
    const { kind, namespace, name, startDelay } = slowestStart
    list.push(
      `Native sidecars start before the application, one after the other: longest in ${kind} ${namespace}/${name}, with ${count(startDelay.probes, 'startup probe')}, from ${startDelay.leastSeconds} to ${startDelay.mostSeconds} seconds.`,
    )
  }
  return list
}

/** What one sidecar in the place of others comes to. */
export function changes({ consolidation, exchange }: Estimate): { title: string; change: Consolidation }[] {
  return [
    ...(consolidation ? [{ title: 'outrigger in place of several sidecars', change: consolidation }] : []),
    ...(exchange ? [{ title: 'outrigger in place of a single sidecar', change: exchange }] : []),
  ]
}

export function breakEvenText({ breakEvenPodsPerNode, podsPerNode }: DaemonSetAlternative): string {
  if (breakEvenPodsPerNode === Number.POSITIVE_INFINITY)
    return 'The sidecars add nothing to what pods ask for, so agents never cost less.'
  return `They cost the same at ${breakEvenPodsPerNode.toFixed(1)} such pods on a node, and agents less above that; there are ${podsPerNode.toFixed(1)}.`
}

/** How much of what the pod asks for is its sidecars', of processors and of memory: `17% / 33%`. */
export function shareText({ pod, requests }: WorkloadCost): string {
  return ['cpu', 'memory']
    .map(name => `${(pod[name] ?? 0) === 0 ? 0 : Math.round(((requests[name] ?? 0) / pod[name]!) * 100)}%`)
    .join(' / ')
}

export function limitNote({ byLimit }: Estimate): string {
  return byLimit.unbounded > 0
    ? `${count(byLimit.unbounded, 'workload')} without a limit: there is no bound`
    : 'what they may take at most'
}

export function perPodText(each: WorkloadCost): string {
  return `${count(each.pods, 'pod')}, ${amountsText(each.requests)} each`
}

export function podsWithSidecars({ workloads }: Estimate): number {
  return workloads.reduce((sum, { sidecars, pods }) => sum + (sidecars.length > 0 ? pods : 0), 0)
}

function kilobytes(length: number): string {
  const units = ['B', 'KB', 'MB', 'GB']
  const unit = Math.min(3, Math.floor(Math.log10(Math.max(1, length)) / 3))
  return `${(length / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`
}
