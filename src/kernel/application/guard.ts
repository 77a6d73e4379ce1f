import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Log } from '../log/log.ts'

/**
 * Reads the group's number, then waits: a line says that the application has ended, the end of the input that we died.
 * A shell of its own session costs under a megabyte and survives whatever ends us.
 */
const SCRIPT =
  'trap "" INT TERM HUP; read -r group || exit 0; read -r ended || kill -KILL "-$group" 2>/dev/null'
const SHELL = '/bin/sh'
const MAX_RESTARTS = 3

/** Ends the application's process group when this process dies without having done so, even by SIGKILL. */
export class ApplicationGuard {
  readonly #log: Log
  #shell: ChildProcess | undefined
  #group: number | undefined
  #restarts = 0

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
      this.#log.warn(
        'application_unguarded',
        `there is no ${SHELL}: should the sidecar be killed, the application would go on alone`,
      )
      return
    }
    const { spawn } = await import('node:child_process')
    const shell = spawn(SHELL, ['-c', SCRIPT], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
      cwd: '/',
    })
    this.#shell = shell
    shell.unref()
    shell.stdin?.on('error', () => {})
    shell.on('error', () => this.#lost(shell))
    shell.on('exit', () => this.#lost(shell))
    if (this.#group !== undefined) this.protect(this.#group)
  }

  protect(group: number): void {
    this.#group = group
    this.#shell?.stdin?.write(`${group}\n`)
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
      this.#log.error(
        'application_unguarded',
        'the shell that guards the application keeps ending: should the sidecar be killed, the application would go on alone',
      )
      return
    }
    this.#log.warn(
      'application_guard_lost',
      'the shell that guards the application was ended; another one takes its place',
    )
    void this.start()
  }
}
