import { money } from './figures.ts'
import type { Prices } from './prices.ts'

export interface Bar {
  readonly label: string
  readonly value: number
  readonly note: string
}

const [ROW, LABEL, WIDTH, VALUE] = [30, 240, 760, 100]
/** So many characters find room before a bar. */
const MAX_LABEL = 32

/** A chart of bars as SVG, with all it says as text for those who do not see it. */
export function bars(list: readonly Bar[], prices: Prices, title: string): string {
  if (list.length === 0) return '<p class="note">There are none.</p>'
  const most = Math.max(...list.map(({ value }) => value), Number.MIN_VALUE)
  const room = WIDTH - LABEL - VALUE
  const rows = list.map(({ label, value, note }, index) => {
    // Something is never drawn as nothing.
    const width = value > 0 ? Math.max(2, (value / most) * room) : 0
    const y = index * ROW
    const amount = escaped(money(value, prices))
    return `<g><title>${escaped(`${label}: ${money(value, prices)} a month (${note})`)}</title><text class="label" x="${LABEL - 10}" y="${y + 20}" text-anchor="end">${escaped(short(label))}</text><rect x="${LABEL}" y="${y + 6}" width="${width.toFixed(1)}" height="20" rx="3"/><text x="${(LABEL + width + 8).toFixed(1)}" y="${y + 20}">${amount}</text></g>`
  })
  const summary = list.map(({ label, value }) => `${label} ${money(value, prices)}`).join(', ')
  return `<svg class="bars" viewBox="0 0 ${WIDTH} ${list.length * ROW}" role="img" aria-label="${escaped(`${title}: ${summary}`)}">${rows.join('')}</svg>`
}

/** Names come from manifests, so from anywhere. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** The beginning and the end: what differs stands mostly there. */
function short(label: string): string {
  const letters = [...label]
  const half = MAX_LABEL / 2 - 1
  return letters.length > MAX_LABEL
    ? `${letters.slice(0, half).join('')}…${letters.slice(-half).join('')}`
    : label
}
