import { backoffMs } from '../../kernel/clock/backoff.ts'
import type { Clock, Timer } from '../../kernel/clock/clock.ts'
import { errorText } from '../../kernel/log/format.ts'
import { programEnd } from './program-end.ts'
import type { ProgramOutput } from './templates/rendition.ts'

export interface ProgramHost {
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  readonly env: Readonly<Record<string, string | undefined>>
}

/** As long as consul-template lets one run. */
const TIMEOUT_MS = 30_000
const MAX_OUTPUT_BYTES = 1024 * 1024
/** One that failed is started again. */
const RETRY = { baseMs: 5000, maxMs: 300_000 }

/** What a program writes to its standard output, without blanks around it. */
export class LiveProgramOutput implements ProgramOutput {
  text: string | undefined
  problem: string | undefined
  readonly #host: ProgramHost
  readonly #command: readonly string[]
  readonly #onChange: () => void
  readonly #stop = new AbortController()
  #isRunning = false
  #failures = 0
  #timer: Timer | undefined

  /** The program, then its arguments; no shell looks at them. */
  constructor(host: ProgramHost, command: readonly string[], onChange: () => void) {
    this.#host = host
    this.#command = command
    this.#onChange = onChange
    this.refresh()
  }

  refresh(): void {
    if (this.#isRunning) return
    this.#timer?.cancel()
    this.text = undefined
    this.problem = undefined
    this.#isRunning = true
    void this.#run()
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
    this.#timer?.cancel()
  }

  async #run(): Promise<void> {
    const { clock, random, signal } = this.#host
    try {
      this.text = await this.#output(AbortSignal.any([signal, this.#stop.signal]))
      this.#failures = 0
    } catch (error) {
      this.problem = errorText(error)
      this.#failures++
    }
    this.#isRunning = false
    if (signal.aborted || this.#stop.signal.aborted) return
    if (this.problem !== undefined)
      this.#timer = clock.timeout(backoffMs(RETRY, this.#failures, random()), () => this.refresh())
    this.#onChange()
  }

  async #output(signal: AbortSignal): Promise<string> {
    const { spawn } = await import('node:child_process')
    const [program = '', ...args] = this.#command
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#host.env as NodeJS.ProcessEnv,
    })
    const chunks: Buffer[] = []
    let bytes = 0
    const tooMuch = new AbortController()
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MAX_OUTPUT_BYTES) tooMuch.abort()
      else chunks.push(chunk)
    })
    try {
      await programEnd(child, {
        program,
        telling: [child.stderr],
        timeoutMs: TIMEOUT_MS,
        signal: AbortSignal.any([signal, tooMuch.signal]),
      })
    } catch (error) {
      if (tooMuch.signal.aborted) throw new Error(`${program} writes more than ${MAX_OUTPUT_BYTES} bytes`)
      throw error
    }
    const output = Buffer.concat(chunks)
    const text = output.toString().trim()
    for (const chunk of [...chunks, output]) chunk.fill(0)
    return text
  }
}
