/** The processes of a chaos run: a writer that numbers its lines, and a sidecar that is killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Writer {
  /** Ends it; resolves with how many lines it wrote. */
  end(): Promise<{ lines: number; rotations: number }>
}

export function startWriter(folder: string, linesPerSecond: number, rotateBytes: number): Writer {
  const child = spawn(
    process.execPath,
    [`${root}test/chaos/writer.ts`, folder, String(linesPerSecond), String(rotateBytes)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  return {
    async end() {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
      return JSON.parse(output)
    },
  }
}

/** A sidecar process whose own log is kept for the case that a test fails. */
export class SidecarProcess {
  readonly #configFile: string
  readonly #log: string[] = []
  #child: ChildProcess | undefined
  starts = 0

  constructor(configFile: string) {
    this.#configFile = configFile
  }

  start(): void {
    this.starts++
    const child = spawn(process.execPath, [`${root}bin/outrigger.js`, 'run', '-c', this.#configFile], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr?.setEncoding('utf8')
    child.stderr?.on('data', (text: string) => {
      this.#log.push(text)
      if (this.#log.length > 400) this.#log.splice(0, 200)
    })
    this.#child = child
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves with the exit code, or the name of the signal. */
  async signal(name: NodeJS.Signals): Promise<number | string> {
    const child = this.#child
    if (!child || !this.running) return child?.exitCode ?? child?.signalCode ?? 0
    const exited = once(child, 'exit')
    child.kill(name)
    await exited
    return child.exitCode ?? child.signalCode ?? 0
  }

  /** What of its memory is in RAM. */
  residentMib(): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8')
    return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024)
  }

  get logTail(): string {
    return this.#log.join('').slice(-6000)
  }
}

/** Numbers that must all arrive; counts those that arrive more than once. */
export class Ledger {
  #seen = new Uint8Array(1 << 16)
  distinct = 0
  duplicates = 0
  highest = 0

  add(n: number): void {
    if (n >= this.#seen.length) {
      const larger = new Uint8Array(Math.max(this.#seen.length * 2, n + 1))
      larger.set(this.#seen)
      this.#seen = larger
    }
    if (this.#seen[n]) this.duplicates++
    else {
      this.#seen[n] = 1
      this.distinct++
    }
    if (n > this.highest) this.highest = n
  }

  has(n: number): boolean {
    return this.#seen[n] === 1
  }

  /** Those of 1…total that never arrived. */
  missing(total: number): number[] {
    const missing: number[] = []
    for (let n = 1; n <= total; n++) if (!this.#seen[n]) missing.push(n)
    return missing
  }
}

/** Resolves when `amount` has reached `enough`, or has not grown for a minute: a busy machine takes its time. */
export async function grown(amount: () => number, enough: number): Promise<void> {
  let last = amount()
  let since = performance.now()
  while (last < enough && performance.now() - since < 60_000) {
    await new Promise(resolve => setTimeout(resolve, 50))
    const now = amount()
    if (now > last) since = performance.now()
    last = now
  }
}

/** Resolves once the condition holds; rejects with `what` after the time is up. */
export async function eventually(what: string, withinMs: number, condition: () => boolean): Promise<void> {
  const end = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs / 1000} s`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
