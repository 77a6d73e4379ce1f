import { harmless } from '../outputs/text.ts'
import type { Cost } from './cost.ts'
import { type Estimate, perMonthOf } from './estimate.ts'
import { amountsText, bytes, count, money, pricesText, processors, savedText } from './figures.ts'
import type { Prices } from './prices.ts'
import { breakEvenText, changes, notes, podsWithSidecars, shareText } from './words.ts'
import type { WorkloadCost } from './workload-cost.ts'

const MAX_ROWS = 20

/** For a terminal: what all sidecars cost, the dearest workloads, and what would cost less. */
export function text(estimate: Estimate): string {
  const { prices, byRequest, byLimit, byUsage, workloads, pods } = estimate
  const row = (name: string, { amounts, perMonth }: Cost) => [
    name,
    processors(amounts['cpu']),
    bytes(amounts['memory']),
    money(perMonth, prices),
  ]
  const having = workloads.filter(({ sidecars }) => sidecars.length > 0)
  const lines = [
    `What the sidecars of ${having.length} of ${count(workloads.length, 'workload')} take, in ${podsWithSidecars(estimate)} of ${count(pods, 'pod')}`,
    '',
    ...aligned([
      ['', 'cpu', 'memory', 'a month'],
      row('by request', byRequest),
      row(byLimit.unbounded > 0 ? 'by limit, where there is one' : 'by limit', byLimit),
      ...(byUsage ? [row('by usage', byUsage)] : []),
    ]),
    '',
    ...notes(estimate).map(note => `  ${note}`),
    '',
    ...(having.length > 0 ? [...workloadTable(having, prices), ''] : []),
    ...alternatives(estimate),
    `Prices: ${pricesText(prices)}.`,
  ]
  return `${lines.map(harmless).join('\n').trimEnd()}\n`
}

function workloadTable(having: readonly WorkloadCost[], prices: Prices): string[] {
  const rows = having
    .slice(0, MAX_ROWS)
    .map(each => [
      `${each.kind} ${each.namespace}/${each.name}`,
      each.sidecars.map(({ program }) => program).join(' '),
      String(each.pods),
      processors(each.requests['cpu']),
      bytes(each.requests['memory']),
      shareText(each),
      money(perMonthOf(each, prices), prices),
      each.pods === 0 ? each.podsFrom : '',
    ])
  const heads = ['workload', 'sidecars', 'pods', 'cpu a pod', 'memory a pod', 'share of both', 'a month', '']
  const more = having.length - rows.length
  return [...aligned([heads, ...rows], 2), ...(more > 0 ? [`  and ${more} more; -o json has all`] : [])]
}

function alternatives(estimate: Estimate): string[] {
  const { daemonSets, prices } = estimate
  const lines = daemonSets.map(
    each =>
      `${each.program} as a DaemonSet: ${money(each.agents.perMonth, prices)} instead of ${money(each.sidecars.perMonth, prices)}, ${savedText(each.sidecars.perMonth - each.agents.perMonth, prices)}. ${breakEvenText(each)}`,
  )
  for (const { title, change } of changes(estimate)) {
    const { workloads, pods, now, instead, savedPerMonth } = change
    lines.push(
      `${title} (${count(workloads, 'workload')}, ${count(pods, 'pod')}): ${amountsText(instead.amounts)} instead of ${amountsText(now.amounts)}, ${savedText(savedPerMonth, prices)}`,
    )
  }
  return lines.length > 0
    ? ['What would cost less, or more (by request)', '', ...lines.map(line => `  ${line}`), '']
    : []
}

/** Columns as wide as their content; numbers stand at the right from `firstNumber` on. */
function aligned(rows: readonly (readonly string[])[], firstNumber = 1): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row =>
    `  ${row.map((cell, column) => (column < firstNumber ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')}`.trimEnd(),
  )
}
