import type { Usage } from './usage.ts'

/** Everything that the demo shows at one moment. */
export interface Moment {
  readonly atMs: number
  readonly requests: number
  readonly written: number
  readonly rotations: number
  /** Records that arrived at each output, by its name. */
  readonly delivered: Readonly<Record<string, number>>
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

/** A table that is drawn over itself; plain lines where there is no terminal. */
export class Screen {
  readonly #out: NodeJS.WriteStream
  readonly #facts: Facts
  readonly #past: Moment[] = []
  /** The lines that stand on the terminal, as they were written. */
  #drawn: readonly string[] = []

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
      this.#out.write(`${plainLine(now, earlier)}\n`)
      return
    }
    const rows = this.#drawn.reduce((sum, line) => sum + rowsOf(line, this.#out.columns), 0)
    const back = rows > 0 ? `\r\u001b[${rows}A\u001b[J` : ''
    this.#drawn = table(now, earlier, this.#facts)
    this.#out.write(`${back}${this.#drawn.map(line => `${line}\n`).join('')}`)
  }
}

/** In a narrow terminal a long line takes several rows. */
function rowsOf(line: string, columns: number): number {
  const width = line.replace(/\u001b\[\d+m/g, '').length
  return Math.max(1, Math.ceil(width / Math.max(1, columns)))
}

function table(now: Moment, earlier: Moment, facts: Facts): string[] {
  const seconds = Math.floor(now.atMs / 1000)
  const clock = facts.endMs === undefined ? `${seconds} s` : `${seconds} of ${facts.endMs / 1000} s`
  const outputs = Object.entries(now.delivered).map(([name, count]) =>
    row(
      `→ ${name}`,
      count,
      perSecond(count, earlier.delivered[name], now, earlier),
      `lag ${number(lag(now, count))}`,
    ),
  )
  return [
    '',
    `  ${bold('An application that writes a file, and a sidecar that ships it')}${dim(clock.padStart(14))}`,
    '',
    row('requests', now.requests, perSecond(now.requests, earlier.requests, now, earlier), ''),
    row('lines written', now.written, perSecond(now.written, earlier.written, now, earlier), rotated(now)),
    ...outputs,
    `  ${'sidecar'.padEnd(18)}${usage(now, earlier)}`,
    '',
    `  ${dim('status ')} ${facts.adminUrl}`,
    `  ${dim('search ')} ${facts.searchCommand}`,
    `  ${dim('Ctrl-C ends it')}`,
    '',
  ]
}

function plainLine(now: Moment, earlier: Moment): string {
  const outputs = Object.entries(now.delivered).map(
    ([name, count]) => `${name} ${count} (lag ${lag(now, count)})`,
  )
  const parts = [
    `requests ${now.requests}`,
    `written ${now.written}`,
    ...outputs,
    `sidecar ${usage(now, earlier)}`,
  ]
  return `${String(Math.round(now.atMs / 1000)).padStart(4)} s  ${parts.join(', ')}`
}

function row(name: string, count: number, rate: string, note: string): string {
  return `  ${name.padEnd(18)}${number(count).padStart(10)}${rate.padStart(12)}   ${dim(note)}`
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
