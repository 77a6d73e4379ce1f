import { type ProxyFigures, quantileMs } from './proxy-figures.ts'
import type { InstanceView } from './stock-service.ts'
import type { Event } from './story.ts'
import type { Usage } from './usage.ts'

/** Everything that the demo shows at one moment. */
export interface Moment {
  readonly atMs: number
  readonly requests: number
  readonly written: number
  readonly rotations: number
  /** Records that arrived at each output, by its name. */
  readonly delivered: Readonly<Record<string, number>>
  readonly stock: {
    /** By the shop's own count: what it asked, and what it did not get. */
    readonly calls: number
    readonly failed: number
    readonly proxy: ProxyFigures
    readonly instances: readonly InstanceView[]
  }
  /** At the database whose password changes. */
  readonly orders: {
    readonly placed: number
    readonly refused: number
    readonly passwords: number
  }
  /** All so far, the earliest first. */
  readonly events: readonly Event[]
  readonly sidecar: Usage | undefined
}

/** What stays the same while the demo runs. */
export interface Facts {
  readonly adminUrl: string
  readonly searchCommand: string
  readonly endMs: number | undefined
}

/** Outputs send in batches: over a shorter time their rates would jump. */
const RATES_OVER_MS = 4000
const EVENTS_SHOWN = 5

/** A table that is drawn over itself; plain lines where there is no terminal. */
export class Screen {
  readonly #out: NodeJS.WriteStream
  readonly #facts: Facts
  readonly #past: Moment[] = []
  /** The lines that stand on the terminal, as they were written. */
  #drawn: readonly string[] = []
  #told = 0

  constructor(out: NodeJS.WriteStream, facts: Facts) {
    this.#out = out
    this.#facts = facts
    if (!out.isTTY) out.write(`admin   ${facts.adminUrl}\nsearch  ${facts.searchCommand}\n`)
  }

  show(now: Moment): void {
    this.#past.push(now)
    while (this.#past.length > 2 && now.atMs - this.#past[1]!.atMs >= RATES_OVER_MS) this.#past.shift()
    const earlier = this.#past[0]!
    if (!this.#out.isTTY) {
      for (; this.#told < now.events.length; this.#told++)
        this.#out.write(`        ${eventLine(now.events[this.#told]!)}\n`)
      this.#out.write(`${plainLine(now, earlier)}\n`)
      return
    }
    const rows = this.#drawn.reduce((sum, line) => sum + rowsOf(line, this.#out.columns), 0)
    const back = rows > 0 ? `\r\u001b[${rows}A\u001b[J` : ''
    this.#drawn = fitting(table(now, earlier, this.#facts), this.#out.rows)
    this.#out.write(`${back}${this.#drawn.map(line => `${line}\n`).join('')}`)
  }
}

/** What is taller than the terminal could not be drawn over: the empty lines go first, then the end. */
function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length < rows) return lines
  return lines.filter(line => line !== '').slice(0, rows - 1)
}

/** In a narrow terminal a long line takes several rows. */
function rowsOf(line: string, columns: number): number {
  const width = line.replace(/\u001b\[\d+m/g, '').length
  return Math.max(1, Math.ceil(width / Math.max(1, columns)))
}

function table(now: Moment, earlier: Moment, facts: Facts): string[] {
  const seconds = Math.floor(now.atMs / 1000)
  const clock = facts.endMs === undefined ? `${seconds} s` : `${seconds} of ${facts.endMs / 1000} s`
  const rate = (count: number, before: number | undefined) => perSecond(count, before, now, earlier)
  const outputs = Object.entries(now.delivered).map(([name, count]) =>
    row(`→ ${name}`, count, rate(count, earlier.delivered[name]), `lag ${number(lag(now, count))}`),
  )
  const { stock } = now
  const instances = stock.instances.map((instance, index) =>
    row(
      `→ ${instance.name}`,
      instance.requests,
      rate(instance.requests, earlier.stock.instances[index]?.requests),
      '',
      state(instance),
    ),
  )
  const events = now.events.slice(-EVENTS_SHOWN).map(event => `  ${dim(eventLine(event))}`)
  return [
    '',
    `  ${bold('A shop, its log and its stock, and a sidecar that takes care of both')}${dim(clock.padStart(10))}`,
    '',
    row('visits', now.requests, rate(now.requests, earlier.requests), ''),
    row('lines written', now.written, rate(now.written, earlier.written), rotated(now)),
    ...outputs,
    '',
    row('requests to stock', stock.calls, rate(stock.calls, earlier.stock.calls), p99(now, earlier)),
    ...instances,
    row('  retries', stock.proxy.retries, rate(stock.proxy.retries, earlier.stock.proxy.retries), ''),
    row('  circuit opened', stock.proxy.opened, '', ''),
    row('  failed for users', stock.failed, '', ''),
    '',
    row(
      'orders placed',
      now.orders.placed,
      rate(now.orders.placed, earlier.orders.placed),
      `refused ${now.orders.refused}`,
    ),
    row('  new passwords', now.orders.passwords, '', ''),
    '',
    `  ${'sidecar'.padEnd(18)}${usage(now, earlier)}`,
    '',
    ...events,
    ...Array<string>(EVENTS_SHOWN - events.length).fill(''),
    '',
    `  ${dim('status ')} ${facts.adminUrl}`,
    `  ${dim('search ')} ${facts.searchCommand}`,
    `  ${dim('Ctrl-C ends it')}`,
    '',
  ]
}

function state({ mood, circuit }: InstanceView): string {
  const condition = mood === 'well' ? '' : `, ${mood}`
  return circuit === 'open' ? `${red('○')} circuit open${condition}` : `${green('●')} in use${condition}`
}

function p99(now: Moment, earlier: Moment): string {
  const ms = quantileMs(0.99, now.stock.proxy, earlier.stock.proxy)
  return ms === undefined ? '' : `p99 ${ms.toFixed(1)} ms`
}

function eventLine({ atMs, text }: Event): string {
  return `${(atMs / 1000).toFixed(1).padStart(6)} s  ${text}`
}

function plainLine(now: Moment, earlier: Moment): string {
  const outputs = Object.entries(now.delivered).map(
    ([name, count]) => `${name} ${count} (lag ${lag(now, count)})`,
  )
  const { calls, failed, proxy, instances } = now.stock
  const open = instances.filter(({ circuit }) => circuit === 'open').map(({ name }) => name)
  const parts = [
    `visits ${now.requests}`,
    `written ${now.written}`,
    ...outputs,
    `requests to stock ${calls} (${[p99(now, earlier), `retries ${proxy.retries}`, `failed ${failed}`].filter(Boolean).join(', ')})`,
    `orders ${now.orders.placed} (refused ${now.orders.refused}, passwords ${now.orders.passwords})`,
    ...(open.length > 0 ? [`circuit open: ${open.join(', ')}`] : []),
    `sidecar ${usage(now, earlier)}`,
  ]
  return `${String(Math.round(now.atMs / 1000)).padStart(4)} s  ${parts.join(', ')}`
}

function row(name: string, count: number, rate: string, note: string, state = ''): string {
  return `  ${name.padEnd(18)}${number(count).padStart(10)}${rate.padStart(12)}   ${state}${dim(note)}`
}

/** The application tells its count a moment before the outputs are asked. */
function lag(now: Moment, delivered: number): number {
  return Math.max(0, now.written - delivered)
}

function rotated({ rotations }: Moment): string {
  return rotations === 1 ? '1 rotation' : `${rotations} rotations`
}

function perSecond(count: number, before: number | undefined, now: Moment, earlier: Moment): string {
  const seconds = (now.atMs - earlier.atMs) / 1000
  return seconds > 0 ? `${number(Math.round((count - (before ?? 0)) / seconds))}/s` : ''
}

function usage(now: Moment, earlier: Moment): string {
  if (now.sidecar === undefined) return 'not known on this system'
  const passedMs = now.atMs - earlier.atMs
  const usedMs = now.sidecar.cpuMs - (earlier.sidecar?.cpuMs ?? 0)
  const cpu = passedMs > 0 ? `CPU ${((100 * usedMs) / passedMs).toFixed(1)} %  ` : ''
  return `${cpu}memory ${megabytes(now.sidecar.residentBytes)} (private ${megabytes(now.sidecar.privateBytes)})`
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function bold(text: string): string {
  return `\u001b[1m${text}\u001b[0m`
}

function dim(text: string): string {
  return text === '' ? '' : `\u001b[2m${text}\u001b[0m`
}

function red(text: string): string {
  return `\u001b[31m${text}\u001b[0m`
}

function green(text: string): string {
  return `\u001b[32m${text}\u001b[0m`
}
