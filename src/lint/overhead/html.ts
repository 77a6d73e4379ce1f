import type { Cost } from './cost.ts'
import { type Estimate, perMonthOf } from './estimate.ts'
import { amountsText, bytes, count, money, pricesText, processors, savedText } from './figures.ts'
import { type Bar, bars, escaped } from './html-bars.ts'
import { STYLE } from './html-style.ts'
import type { Prices } from './prices.ts'
import { breakEvenText, changes, limitNote, notes, perPodText, podsWithSidecars, shareText } from './words.ts'
import type { WorkloadCost } from './workload-cost.ts'

const MAX_BARS = 12
const MAX_ROWS = 500

/** A page that needs nothing beside itself: no script, no font, no picture from elsewhere. Every name in it is escaped. */
export function html(estimate: Estimate, version: string): string {
  const { prices, byRequest, byLimit, byUsage, programs, pods } = estimate
  const having = estimate.workloads.filter(({ sidecars }) => sidecars.length > 0)
  const dearest = having.slice(0, MAX_BARS).map(each => ({
    label: `${each.namespace}/${each.name}`,
    value: perMonthOf(each, prices),
    note: perPodText(each),
  }))
  const byProgram = programs.slice(0, MAX_BARS).map(({ name, byRequest: cost, pods: of }) => ({
    label: name,
    value: cost.perMonth,
    note: `${count(of, 'pod')}, ${amountsText(cost.amounts)}`,
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
<p class="lead">In ${having.length} of ${count(estimate.workloads.length, 'workload')}, in ${podsWithSidecars(estimate)} of ${count(pods, 'pod')}.</p>
<section class="cards" aria-label="In all">
${card('by request', byRequest, 'reserved on nodes, and so what is paid for', prices)}
${card('by limit', byLimit, limitNote(estimate), prices)}
${byUsage ? card('by usage', byUsage, `measured: ${byUsage.measured} of ${byUsage.sidecars} sidecars`, prices) : ''}
</section>
<ul>${notes(estimate)
    .map(note => `<li>${escaped(note)}</li>`)
    .join('\n')}</ul>
<section>
<h2>The dearest workloads</h2>
${bars(dearest, prices, 'What the sidecars of each workload cost a month, by request')}
</section>
<section>
<h2>By program</h2>
<p class="note">What pods would ask for less without this program alone.</p>
${bars(byProgram, prices, 'What each program costs a month as a sidecar, by request')}
</section>
${alternatives(estimate)}
<section>
<h2>All workloads</h2>
${table(having, prices)}
</section>
<footer><p>Prices: ${escaped(pricesText(prices))}. Made by Outrigger ${escaped(version)}.</p></footer>
</main>
</body>
</html>
`
}

function card(name: string, { amounts, perMonth }: Cost, note: string, prices: Prices): string {
  return `<div class="card"><h2>${name}</h2><p class="big">${escaped(money(perMonth, prices))} <small>a month</small></p><p>${escaped(amountsText(amounts))}</p><p class="note">${escaped(note)}</p></div>`
}

function alternatives(estimate: Estimate): string {
  const { daemonSets, prices } = estimate
  const bar = (label: string, { amounts, perMonth }: Cost): Bar => ({
    label,
    value: perMonth,
    note: amountsText(amounts),
  })
  const items = daemonSets.map(each => {
    const title = `${each.program} as a DaemonSet`
    const compared = [bar('sidecars', each.sidecars), bar('one agent a node', each.agents)]
    const saved = savedText(each.sidecars.perMonth - each.agents.perMonth, prices)
    return `<h3>${escaped(title)}: ${escaped(saved)}</h3>${bars(compared, prices, title)}<p class="note">${escaped(breakEvenText(each))}</p>`
  })
  for (const { title, change } of changes(estimate)) {
    const compared = [bar('as it is', change.now), bar('outrigger', change.instead)]
    items.push(
      `<h3>${title}: ${escaped(savedText(change.savedPerMonth, prices))}</h3>${bars(compared, prices, title)}<p class="note">${count(change.workloads, 'workload')}, ${count(change.pods, 'pod')}.</p>`,
    )
  }
  return items.length === 0
    ? ''
    : `<section><h2>What would cost less, or more</h2>${items.join('\n')}</section>`
}

function table(having: readonly WorkloadCost[], prices: Prices): string {
  const isMeasured = having.some(({ usage }) => usage !== undefined)
  const heads = [
    ...['pods', 'a month', 'cpu a pod', 'memory a pod', 'share of both'],
    ...(isMeasured ? ['used'] : []),
  ].map(name => `<th scope="col" class="number">${name}</th>`)
  const rows = having.slice(0, MAX_ROWS).map(each => {
    const { usage, requests } = each
    const numbers = [
      `<span title="${escaped(each.podsFrom)}">${each.pods.toLocaleString('en-US')}</span>`,
      escaped(money(perMonthOf(each, prices), prices)),
      processors(requests['cpu']),
      bytes(requests['memory']),
      shareText(each),
      ...(isMeasured ? [usage ? amountsText(usage) : ''] : []),
    ]
    const sidecars = each.sidecars
      .map(({ program, form }) => `${escaped(program)} <span class="note">${form}</span>`)
      .join('<br>')
    return `<tr><th scope="row">${escaped(`${each.kind} ${each.namespace}/${each.name}`)}</th><td class="names">${sidecars}</td>${numbers.map(number => `<td class="number">${number}</td>`).join('')}</tr>`
  })
  const rest =
    having.length > MAX_ROWS
      ? `<p class="note">And ${having.length - MAX_ROWS} more; the JSON report has all.</p>`
      : ''
  return `<div class="scroll" role="region" tabindex="0" aria-label="All workloads"><table><thead><tr><th scope="col">workload</th><th scope="col">sidecars</th>${heads.join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>${rest}`
}
