import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'

/** Ends the processes of the demo when it cannot do so itself, because it was killed: the end of its input tells. */
export class Guard {
  readonly #shell = spawn('sh', ['-c', GUARD], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })

  constructor() {
    this.#shell.stdin!.on('error', () => {})
    this.#shell.unref()
  }

  watch({ pid }: Program): void {
    this.#shell.stdin!.write(`${pid}\n`)
  }

  /** All have ended. */
  release(): void {
    this.#shell.kill('SIGKILL')
  }
}

const GUARD = 'pids=; while read -r pid; do pids="$pids $pid"; done; kill -9 $pids'

/** A process of the demo. It has a process group of its own, so that Ctrl-C reaches the demo alone. */
export class Program {
  readonly name: string
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #errors: Interface
  readonly #said: string[] = []
  #stopping = false

  constructor(
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    broke: (why: string) => void,
  ) {
    this.name = name
    this.#child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    this.#lines = createInterface({ input: this.#child.stdout! })
    this.#errors = createInterface({ input: this.#child.stderr! })
    this.#errors.on('line', line => {
      this.#said.push(line)
      if (this.#said.length > 50) this.#said.shift()
    })
    this.#child.once('exit', (code, signal) => {
      if (!this.#stopping) broke(`${name} ended by itself (${signal ?? code}):\n${this.#said.join('\n')}`)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Calls for each line that it writes to stderr from now on. */
  onSaid(say: (line: string) => void): void {
    this.#errors.on('line', say)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** What it wrote to stderr last. */
  get said(): string {
    return this.#said.join('\n')
  }

  /** The next line of its stdout, as JSON. */
  async says(): Promise<Record<string, number>> {
    const [line] = (await once(this.#lines, 'line')) as [string]
    return JSON.parse(line)
  }

  /** Asks it to end; resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#stopping = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const [code] = (await ended) as [number | null]
    return code
  }

  kill(): void {
    this.#stopping = true
    this.#child.kill('SIGKILL')
  }
}
