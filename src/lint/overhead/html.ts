import type { Estimate } from './estimate.ts'
import { amountsText, bytes, money, processors } from './figures.ts'
import { monthly, type Prices } from './prices.ts'
import { count } from './text.ts'

const MAX_BARS = 12
const MAX_ROWS = 500

/** A page that needs nothing beside itself: no script, no font, no picture from elsewhere. */
export function html(estimate: Estimate, version: string): string {
  const { prices, byRequest, byLimit, byUsage, hidden, nodes, programs, pods } = estimate
  const costs = [
    { name: 'by request', cost: byRequest, note: 'reserved on nodes, and what you pay' },
    {
      name: 'by limit',
      cost: byLimit,
      note:
        byLimit.unbounded > 0
          ? `${count(byLimit.unbounded, 'workload')} without a limit`
          : 'what they may take at most',
    },
    ...(byUsage
      ? [
          {
            name: 'by usage',
            cost: byUsage,
            note: `measured: ${byUsage.measured} of ${byUsage.sidecars} sidecars`,
          },
        ]
      : []),
  ]
  const having = estimate.workloads.filter(({ sidecars }) => sidecars.length > 0)
  const dearest = having.slice(0, MAX_BARS).map(each => ({
    label: `${each.namespace}/${each.name}`,
    value: monthly(each.requests, prices) * each.pods,
    note: `${count(each.pods, 'pod')}, ${amountsText(each.requests)} each`,
  }))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What sidecars cost</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>What sidecars cost</h1>
<p class="lead">${count(having.length, 'workload')}, ${count(pods, 'pod')}; ${count(nodes.needed, 'node')} with the sidecars, ${nodes.without} without.</p>
<section class="cards">
${costs.map(({ name, cost, note }) => `<div class="card"><h2>${name}</h2><p class="big">${escaped(money(cost.perMonth, prices))}</p><p>a month: ${escaped(amountsText(cost.amounts))}</p><p class="note">${escaped(note)}</p></div>`).join('\n')}
</section>
${hidden.perMonth > 0.005 ? `<p class="note">Not counted: ${escaped(amountsText(hidden.amounts))} that pods reserve for their init containers in any case.</p>` : ''}
<section>
<h2>The dearest workloads</h2>
${bars(dearest, prices, 'What the sidecars of each workload cost a month, by request')}
</section>
<section>
<h2>By program</h2>
${bars(
  programs.slice(0, MAX_BARS).map(each => ({
    label: each.name,
    value: each.byRequest.perMonth,
    note: `${count(each.pods, 'pod')}, ${amountsText(each.byRequest.amounts)}`,
  })),
  prices,
  'What each program costs a month as a sidecar, by request',
)}
</section>
${alternatives(estimate)}
<section>
<h2>All workloads</h2>
${table(estimate, having)}
</section>
<footer><p>Prices: ${escaped(money(monthly({ cpu: 1 }, prices), prices))} for a processor and ${escaped(money(monthly({ memory: 2 ** 30 }, prices), prices))} for a GiB a month; ${escaped(prices.source)}. Made by Outrigger ${escaped(version)}.</p></footer>
</main>
</body>
</html>
`
}

interface Bar {
  readonly label: string
  readonly value: number
  readonly note: string
}

const [ROW, LABEL, WIDTH] = [34, 220, 760]

function bars(list: readonly Bar[], prices: Prices, title: string): string {
  if (list.length === 0) return '<p class="note">There are none.</p>'
  const most = Math.max(...list.map(({ value }) => value), Number.MIN_VALUE)
  const room = WIDTH - LABEL - 110
  const rows = list.map(({ label, value, note }, index) => {
    const width = Math.max(2, (value / most) * room)
    const y = index * ROW
    return `<g><title>${escaped(`${label}: ${money(value, prices)} a month (${note})`)}</title><text class="label" x="${LABEL - 10}" y="${y + 20}" text-anchor="end">${escaped(short(label))}</text><rect x="${LABEL}" y="${y + 6}" width="${width.toFixed(1)}" height="20" rx="3"/><text x="${(LABEL + width + 8).toFixed(1)}" y="${y + 20}">${escaped(money(value, prices))}</text></g>`
  })
  const summary = list.map(({ label, value }) => `${label} ${money(value, prices)}`).join(', ')
  return `<svg class="bars" viewBox="0 0 ${WIDTH} ${list.length * ROW}" role="img" aria-label="${escaped(`${title}: ${summary}`)}">${rows.join('')}</svg>`
}

function alternatives({ daemonSets, consolidation, prices }: Estimate): string {
  const items: string[] = []
  for (const { program, sidecars, agents, breakEvenPodsPerNode, podsPerNode } of daemonSets)
    items.push(
      `<h3>${escaped(program)} as a DaemonSet</h3>${bars(
        [
          { label: 'sidecars', value: sidecars.perMonth, note: amountsText(sidecars.amounts) },
          { label: 'one agent a node', value: agents.perMonth, note: amountsText(agents.amounts) },
        ],
        prices,
        `${program} as sidecars and as a DaemonSet`,
      )}<p>${breakEvenPodsPerNode === Number.POSITIVE_INFINITY ? 'The sidecars ask for nothing, so agents never cost less.' : `Agents cost less from ${Math.ceil(breakEvenPodsPerNode)} pods on a node on; there are ${podsPerNode.toFixed(1)}.`}</p>`,
    )
  if (consolidation !== undefined) {
    const { now, then, savedPerMonth, workloads, pods } = consolidation
    items.push(
      `<h3>One sidecar with all functions</h3>${bars(
        [
          { label: 'as it is', value: now.perMonth, note: amountsText(now.amounts) },
          { label: 'one sidecar', value: then.perMonth, note: amountsText(then.amounts) },
        ],
        prices,
        'Several sidecars and one with all their functions',
      )}<p>In ${count(workloads, 'workload')} with ${count(pods, 'pod')}: ${savedPerMonth >= 0 ? 'saves' : 'costs'} ${escaped(money(Math.abs(savedPerMonth), prices))} a month.</p>`,
    )
  }
  return items.length === 0
    ? ''
    : `<section><h2>What would cost less, or more</h2>${items.join('\n')}</section>`
}

function table({ prices }: Estimate, having: Estimate['workloads']): string {
  const rows = having
    .slice(0, MAX_ROWS)
    .map(
      each =>
        `<tr><td>${escaped(`${each.kind} ${each.namespace}/${each.name}`)}</td><td>${each.sidecars.map(({ program, form }) => `${escaped(program)} <span class="note">${form}</span>`).join('<br>')}</td><td class="number">${each.pods}</td><td class="number">${processors(each.requests['cpu'])}</td><td class="number">${bytes(each.requests['memory'])}</td><td class="number">${each.usage ? processors(each.usage['cpu']) : ''}</td><td class="number">${each.usage ? bytes(each.usage['memory']) : ''}</td><td class="number">${escaped(money(monthly(each.requests, prices) * each.pods, prices))}</td></tr>`,
    )
  const rest =
    having.length > MAX_ROWS
      ? `<p class="note">And ${having.length - MAX_ROWS} more; the JSON report has all.</p>`
      : ''
  return `<div class="scroll"><table><thead><tr><th>workload</th><th>sidecars</th><th class="number">pods</th><th class="number">cpu a pod</th><th class="number">memory a pod</th><th class="number">cpu used</th><th class="number">memory used</th><th class="number">a month</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>${rest}`
}

function short(label: string): string {
  return label.length > 30 ? `${label.slice(0, 14)}…${label.slice(-14)}` : label
}

/** Names come from manifests, so from anywhere. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5b6b7a; --paper: #fbfcfd; --line: #dde4ea; --bar: #1f7a8c; --card: #ffffff }
@media (prefers-color-scheme: dark) { :root { --ink: #e4ebf1; --soft: #9aaab8; --paper: #11181f; --line: #2a3642; --bar: #4fb3c6; --card: #18212a } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { margin: 0 } h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem } h3 { margin: 1.5rem 0 .5rem; font-size: 1rem }
.lead, .note, footer { color: var(--soft) } .note { font-size: .85rem }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem; margin-top: 1.5rem }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem }
.card h2 { margin: 0; font-size: .9rem; color: var(--soft) } .card p { margin: .25rem 0 } .big { font-size: 1.8rem; font-weight: 600 }
.bars { width: 100%; height: auto } .bars rect { fill: var(--bar) } .bars text { fill: var(--ink); font-size: 13px } .bars .label { fill: var(--soft) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top } .number { text-align: right; font-variant-numeric: tabular-nums }
`.trim()
