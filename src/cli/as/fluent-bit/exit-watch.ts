import type { Sidecar } from '../../../kernel/lifecycle/sidecar.ts'
import type { Exit } from '../../../personalities/fluent-bit/exits.ts'
import type { MetricFamily } from '../../../wire/prometheus/family.ts'

const EVERY_MS = 100

/** Ends the process when the configuration says that it is done: its files are read, or an `exit` output has got enough. */
export class ExitWatch {
  readonly #sidecar: Sidecar
  readonly #exits: () => readonly Exit[]
  readonly #end: (why: string, code?: number) => void
  #timer: NodeJS.Timeout | undefined

  constructor(sidecar: Sidecar, exits: () => readonly Exit[], end: (why: string, code?: number) => void) {
    this.#sidecar = sidecar
    this.#exits = exits
    this.#end = end
  }

  start(): void {
    if (this.#exits().length === 0) return
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
    this.#timer.unref()
    this.#look()
  }

  #look(): void {
    const families = this.#sidecar.registry.collect()
    const due = this.#exits().find(exit => this.#isDue(exit, families))
    if (due === undefined) return
    clearInterval(this.#timer)
    this.#end(due.why, due.kind === 'unexpected record' ? due.code : undefined)
  }

  #isDue(exit: Exit, families: readonly MetricFamily[]): boolean {
    if (exit.kind === 'end of input') return true
    if (exit.kind === 'input ended')
      return sumOf(families, 'outrigger_logs_stdin_ended', { input: exit.input }) >= 1
    if (exit.kind === 'unexpected record')
      return sumOf(families, 'outrigger_logs_unexpected_records', {}) >= 1
    const { output, flushes, records, afterMs } = exit
    if (afterMs !== undefined && this.#sidecar.uptimeMs() >= afterMs) return true
    const sends = sumOf(families, 'outrigger_logs_sends', { output, outcome: 'done' })
    if (flushes !== undefined && sends >= flushes) return true
    return records !== undefined && sumOf(families, 'outrigger_logs_delivered_records', { output }) >= records
  }
}

function sumOf(
  families: readonly MetricFamily[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number {
  const samples = families.find(family => family.name === name)?.samples ?? []
  return samples
    .filter(sample =>
      Object.entries(labels).every(([key, value]) =>
        sample.labels.some(([k, v]) => k === key && v === value),
      ),
    )
    .reduce((sum, { value }) => sum + value, 0)
}
