import type { ChildProcess } from 'node:child_process'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type { Clock } from '../clock/clock.ts'
import { errorText } from '../log/format.ts'
import type { Log } from '../log/log.ts'
import { checkExecutable, GATE_DESCRIPTOR, gated } from './gate.ts'
import type { ApplicationGuard } from './guard.ts'
import { groupLives, sendSignal } from './process-group.ts'
import type { ApplicationStreams, StreamName } from './streams.ts'

export interface ApplicationOptions {
  /** The program, then its arguments. */
  readonly command: readonly string[]
  readonly workingDirectory?: string
  /** Files that its output is appended to instead of ours, where no module reads it. */
  readonly outputFiles?: OutputFiles
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
  readonly clock: Clock
  readonly streams: ApplicationStreams
  readonly guard: ApplicationGuard
}

export type OutputFiles = Partial<Record<StreamName, string>>

/** How the application ended: its code, or 128 + n for signal n; 127 not found, 126 not to be executed, as shells say it. */
export interface ApplicationExit {
  readonly code: number
  readonly signal?: string
}

/** What is left of the application's group when its main process has ended gets this long after SIGTERM. */
const LEFTOVER_MS = 2000
const LOOK_MS = 50
/** Output that is still in the pipes after the end; a reader that needs longer reads on while modules drain. */
const OUTPUT_MS = 1000

/**
 * The supervised command, in a session and process group of its own, so that all of it can be ended, and so that a
 * terminal's Ctrl-C reaches it once: through us.
 */
export class Application {
  readonly pid: number
  /** Resolves once the process has ended, nothing of its group is left and its output is read. Never rejects. */
  readonly exited: Promise<ApplicationExit>
  readonly #child: ChildProcess
  readonly #options: ApplicationOptions
  #exit: ApplicationExit | undefined

  private constructor(child: ChildProcess, options: ApplicationOptions) {
    this.#child = child
    this.#options = options
    this.pid = child.pid!
    this.exited = this.#untilGone()
  }

  /** Starts the command. A command that cannot be started gives its exit code, and its reason as a log message. */
  static async start(options: ApplicationOptions): Promise<Application | ApplicationExit> {
    const { command, log } = options
    try {
      await checkFolder(options.workingDirectory)
      const child = await spawnChild(options)
      log.info('application_started', `the application runs as process ${child.pid}`, {
        pid: child.pid,
        command: command[0],
      })
      return new Application(child, options)
    } catch (error) {
      options.streams.nothingComes()
      const exit = { code: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 127 : 126 }
      log.error('application_not_started', `cannot start ${command[0]}: ${reason(error)}`, {
        command: command[0],
        exit_code: exit.code,
      })
      return exit
    }
  }

  get exit(): ApplicationExit | undefined {
    return this.#exit
  }

  /** To the main process, as a container runtime does it; Ctrl-C and Ctrl-\ to the whole group, as a terminal does it. */
  signal(signal: NodeJS.Signals): void {
    const wholeGroup = signal === 'SIGINT' || signal === 'SIGQUIT'
    sendSignal(wholeGroup ? -this.pid : this.pid, signal)
  }

  /** Asks the application to end, and ends it when the grace is over. */
  async stop(signal: NodeJS.Signals, graceMs: number, hurry: AbortSignal): Promise<ApplicationExit> {
    const { log, clock } = this.#options
    if (this.#exit) return this.exited
    log.info(
      'application_stopping',
      `the application is asked to end (${signal}); it has ${graceMs / 1000} s`,
      { signal, grace_ms: graceMs },
    )
    this.signal(signal)
    const kill = () => {
      if (this.#exit) return
      log.warn('application_killed', 'the application did not end in time and is killed', { pid: this.pid })
      sendSignal(-this.pid, 'SIGKILL')
    }
    const timer = clock.timeout(graceMs, kill)
    hurry.addEventListener('abort', kill, { once: true })
    if (hurry.aborted) kill()
    const exit = await this.exited
    timer.cancel()
    hurry.removeEventListener('abort', kill)
    return exit
  }

  /** At once, all of it; for our own crash. */
  kill(): void {
    sendSignal(-this.pid, 'SIGKILL')
  }

  async #untilGone(): Promise<ApplicationExit> {
    const { log, guard } = this.#options
    const child = this.#child
    const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
    const exit = await new Promise<ApplicationExit>(resolve => {
      child.once('exit', (code, signal) =>
        resolve(signal ? { code: 128 + signalNumber(signal), signal } : { code: code ?? 1 }),
      )
    })
    this.#exit = exit
    const how = exit.signal ? `by ${exit.signal}` : `with code ${exit.code}`
    log.info('application_exited', `the application ended ${how}`, {
      exit_code: exit.code,
      signal: exit.signal,
    })
    await this.#endLeftovers()
    guard.release()
    await Promise.race([closed, new Promise(resolve => setTimeout(resolve, OUTPUT_MS).unref())])
    return exit
  }

  /** A main process may leave children behind; in a container they would end with it. */
  async #endLeftovers(): Promise<void> {
    if (!groupLives(this.pid)) return
    const { clock, log } = this.#options
    log.info('application_leftovers', 'processes that the application left behind are ended', {
      group: this.pid,
    })
    sendSignal(-this.pid, 'SIGTERM')
    const end = clock.monotonic() + LEFTOVER_MS
    while (groupLives(this.pid) && clock.monotonic() < end) await clock.sleep(LOOK_MS)
    sendSignal(-this.pid, 'SIGKILL')
  }
}

/** Nothing of the command runs before its guard knows of it: a sidecar that is killed in between leaves nothing behind. */
async function spawnChild({
  command,
  workingDirectory,
  outputFiles,
  env,
  streams,
  guard,
}: ApplicationOptions): Promise<ChildProcess> {
  const { spawn } = await import('node:child_process')
  await using files = new AsyncDisposableStack()
  const stdio = async (stream: StreamName) => {
    const path = outputFiles?.[stream]
    if (path === undefined || streams.stdio(stream) === 'pipe') return streams.stdio(stream)
    return files.use(await openOutput(stream, path)).fd
  }
  await checkExecutable(command[0]!, env.PATH, workingDirectory ?? '.')
  const gate = gated(command, env)
  const [program, ...args] = gate ?? command
  const child = spawn(program!, args, {
    detached: true,
    env: env as NodeJS.ProcessEnv,
    stdio: ['inherit', await stdio('stdout'), await stdio('stderr'), ...(gate ? ['pipe' as const] : [])],
    ...(workingDirectory !== undefined && { cwd: workingDirectory }),
  })
  streams.attach(child.stdout, child.stderr)
  const known = child.pid === undefined ? undefined : guard.protect(child.pid)
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  // Such as a signal that could not be sent.
  child.on('error', () => {})
  await known
  // Before the gate opens: whoever gets the child must not miss its end.
  await files.disposeAsync()
  openGate(child)
  return child
}

function openOutput(stream: StreamName, path: string): Promise<FileHandle> {
  return open(path, 'a', 0o644).catch(error => {
    throw new Error(`app.${stream}: ${path} cannot be opened: ${errorText(error)}`)
  })
}

function openGate(child: ChildProcess): void {
  const gate = child.stdio[GATE_DESCRIPTOR] as Writable | undefined
  gate?.on('error', () => {})
  gate?.end('go\n')
}

/** A missing folder would be told as a missing command. */
async function checkFolder(path: string | undefined): Promise<void> {
  if (path === undefined) return
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory()) throw new Error(`app.workingDirectory: there is no folder ${path}`)
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such command',
  EACCES: 'it is not executable',
}

function reason(error: unknown): string {
  return REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? errorText(error)
}

function signalNumber(signal: NodeJS.Signals): number {
  return process.getBuiltinModule('node:os').constants.signals[signal]
}
