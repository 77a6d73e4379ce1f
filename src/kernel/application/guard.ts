import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Log } from '../log/log.ts'

/**
 * Reads the group's number, says so, then waits: a line says that the application has ended, the end of the input that
 * we died. A shell of its own session costs under a megabyte and survives whatever ends us.
 */
const SCRIPT =
  'trap "" INT TERM HUP; read -r group || exit 0; echo; read -r ended || kill -KILL "-$group" 2>/dev/null'
const SHELL = '/bin/sh'
const MAX_RESTARTS = 3

/** Ends the application's process group when this process dies without having done so, even by SIGKILL. */
export class ApplicationGuard {
  readonly #log: Log
  #shell: ChildProcess | undefined
  #group: number | undefined
  #restarts = 0
  /** Whether there is a shell, or one on its way. */
  #present = false
  readonly #known = Promise.withResolvers<void>()

  constructor(log: Log) {
    this.#log = log
  }

  /** The shell's process; undefined when there is none. */
  get pid(): number | undefined {
    return this.#shell?.pid
  }

  /** To be called before the application starts, so that `protect` costs no time. */
  async start(): Promise<void> {
    if (!existsSync(SHELL)) {
      this.#unguarded(`there is no ${SHELL}`)
      return
    }
    const { spawn } = await import('node:child_process')
    const shell = spawn(SHELL, ['-c', SCRIPT], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
      cwd: '/',
    })
    this.#shell = shell
    this.#present = true
    shell.unref()
    const answers = shell.stdout as Socket
    answers.unref()
    answers.on('error', () => {})
    answers.once('data', () => this.#known.resolve())
    shell.stdin?.on('error', () => {})
    shell.on('error', () => this.#lost(shell))
    shell.on('exit', () => this.#lost(shell))
    if (this.#group !== undefined) shell.stdin?.write(`${this.#group}\n`)
  }

  /** Resolves once the group would end with us; at once where there is no guard. Never rejects. */
  async protect(group: number): Promise<void> {
    if (!this.#present) return
    this.#group = group
    this.#shell?.stdin?.write(`${group}\n`)
    await this.#known.promise
  }

  /** The application has ended in good order. */
  release(): void {
    const shell = this.#shell
    this.#shell = undefined
    this.#group = undefined
    shell?.stdin?.end('ended\n')
  }

  #lost(shell: ChildProcess): void {
    if (this.#shell !== shell) return
    this.#shell = undefined
    if (++this.#restarts > MAX_RESTARTS) {
      this.#unguarded('the shell that guards the application keeps ending')
      return
    }
    this.#log.warn(
      'application_guard_lost',
      'the shell that guards the application was ended; another one takes its place',
    )
    void this.start()
  }

  #unguarded(why: string): void {
    this.#log.warn(
      'application_unguarded',
      `${why}: should the sidecar be killed, the application would go on alone`,
    )
    this.#present = false
    this.#known.resolve()
  }
}
