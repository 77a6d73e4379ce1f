import type { Estimate } from './estimate.ts'
import { amountsText, bytes, costText, money, processors } from './figures.ts'
import { monthly } from './prices.ts'

const MAX_ROWS = 20

/** For a terminal: what all sidecars cost, the dearest workloads, and what would cost less. */
export function text(estimate: Estimate): string {
  const { prices, byRequest, byLimit, byUsage, hidden, nodes } = estimate
  const rows = [
    [
      'by request',
      processors(byRequest.amounts['cpu']),
      bytes(byRequest.amounts['memory']),
      money(byRequest.perMonth, prices),
    ],
    [
      'by limit',
      processors(byLimit.amounts['cpu']),
      bytes(byLimit.amounts['memory']),
      money(byLimit.perMonth, prices),
    ],
    ...(byUsage
      ? [
          [
            'by usage',
            processors(byUsage.amounts['cpu']),
            bytes(byUsage.amounts['memory']),
            money(byUsage.perMonth, prices),
          ],
        ]
      : []),
  ]
  const lines = [
    `What the sidecars of ${count(estimate.workloads.filter(each => each.sidecars.length > 0).length, 'workload')} (${count(estimate.pods, 'pod')}) take`,
    '',
    ...aligned([['', 'cpu', 'memory', 'a month'], ...rows]),
  ]
  if (byLimit.unbounded > 0)
    lines.push(
      `  ${count(byLimit.unbounded, 'workload has', 'workloads have')} a sidecar without a limit of cpu or memory: there is no upper bound`,
    )
  if (byUsage !== undefined && byUsage.measured < byUsage.sidecars)
    lines.push(`  measured: ${byUsage.measured} of ${byUsage.sidecars} sidecars`)
  if (hidden.perMonth > 0.005)
    lines.push(
      `  not counted: ${costText(hidden, prices)} that pods reserve for their init containers in any case`,
    )
  lines.push(
    `  ${count(nodes.needed, 'node')} with the sidecars, ${nodes.without} without`,
    '',
    ...workloadTable(estimate),
  )
  lines.push('', ...alternatives(estimate))
  lines.push(
    '',
    `Prices: ${money(monthly({ cpu: 1 }, prices), prices)} for a processor and ${money(monthly({ memory: 2 ** 30 }, prices), prices)} for a GiB a month; ${prices.source}.`,
  )
  return `${lines.join('\n').trimEnd()}\n`
}

function workloadTable({ workloads, prices }: Estimate): string[] {
  const shown = workloads.filter(({ sidecars }) => sidecars.length > 0)
  const rows = shown
    .slice(0, MAX_ROWS)
    .map(each => [
      `${each.kind} ${each.namespace}/${each.name}`,
      each.sidecars.map(({ program }) => program).join(' '),
      String(each.pods),
      processors(each.requests['cpu']),
      bytes(each.requests['memory']),
      money(monthly(each.requests, prices) * each.pods, prices),
      each.pods === 0 ? each.podsFrom : '',
    ])
  const more = shown.length - rows.length
  return [
    ...aligned([['workload', 'sidecars', 'pods', 'cpu a pod', 'memory a pod', 'a month', ''], ...rows], 2),
    ...(more > 0 ? [`  and ${more} more; -o json has all`] : []),
  ]
}

function alternatives({ daemonSets, consolidation, prices }: Estimate): string[] {
  const lines: string[] = []
  for (const { program, sidecars, agents, breakEvenPodsPerNode, podsPerNode } of daemonSets) {
    const even =
      breakEvenPodsPerNode === Number.POSITIVE_INFINITY
        ? 'never'
        : `from ${Math.ceil(breakEvenPodsPerNode)} pods on a node on`
    const difference = sidecars.perMonth - agents.perMonth
    lines.push(
      `${program} as a DaemonSet: ${money(agents.perMonth, prices)} a month instead of ${money(sidecars.perMonth, prices)} (${difference >= 0 ? 'saves' : 'costs'} ${money(Math.abs(difference), prices)}); it costs less ${even}, and there are ${podsPerNode.toFixed(1)}`,
    )
  }
  if (consolidation !== undefined) {
    const { workloads, pods, now, then, savedPerMonth } = consolidation
    lines.push(
      `one sidecar with all functions in ${count(workloads, 'workload')} (${count(pods, 'pod')}): ${amountsText(then.amounts)} instead of ${amountsText(now.amounts)}, ${savedPerMonth >= 0 ? 'saves' : 'costs'} ${money(Math.abs(savedPerMonth), prices)} a month`,
    )
  }
  return lines.length > 0 ? ['What would cost less, or more', '', ...lines.map(line => `  ${line}`)] : []
}

/** Columns as wide as their content; numbers stand at the right from `firstNumber` on. */
function aligned(rows: readonly (readonly string[])[], firstNumber = 1): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row =>
    `  ${row.map((cell, column) => (column < firstNumber ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')}`.trimEnd(),
  )
}

export function count(number: number, one: string, more = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : more}`
}
