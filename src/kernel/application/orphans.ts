import { readdirSync, readFileSync } from 'node:fs'
import type { Clock, Timer } from '../clock/clock.ts'
import { nativeFunctions } from '../native.ts'

/** Children of this process that have ended and that nobody has asked for their exit code yet. */
export type FindEnded = () => readonly number[]
/** Asks for the exit code of a child that has ended: only then does the kernel forget it. */
export type Forget = (pid: number) => void

const LOOK_AFTER_MS = 1000
const WNOHANG = 1

/**
 * As the first process of a container the sidecar inherits what the application leaves behind, and must ask for its exit
 * codes, as init does: otherwise ended processes pile up until no new one can start. The runtime asks only for those
 * that it has started itself; it does so within one turn of the loop, so what has ended and is still there at two looks
 * in a row is an orphan.
 */
export class Orphans implements Disposable {
  readonly #clock: Pick<Clock, 'timeout'>
  readonly #findEnded: FindEnded
  readonly #forget: Forget
  readonly #events: NodeJS.EventEmitter = process
  #seen: ReadonlySet<number> = new Set()
  #timer: Timer | undefined

  constructor(clock: Pick<Clock, 'timeout'>, findEnded: FindEnded, forget: Forget) {
    this.#clock = clock
    this.#findEnded = findEnded
    this.#forget = forget
    this.#events.on('SIGCHLD', this.#lookSoon)
  }

  [Symbol.dispose](): void {
    this.#events.off('SIGCHLD', this.#lookSoon)
    this.#timer?.cancel()
  }

  readonly #lookSoon = (): void => {
    this.#timer ??= this.#clock.timeout(LOOK_AFTER_MS, () => this.#look())
  }

  #look(): void {
    this.#timer = undefined
    const ended = this.#findEnded()
    for (const pid of ended) if (this.#seen.has(pid)) this.#forget(pid)
    this.#seen = new Set(ended.filter(pid => !this.#seen.has(pid)))
    if (this.#seen.size > 0) this.#lookSoon()
  }
}

/** Undefined where nobody's orphans come to us, or where the exit code of a process cannot be asked for. */
export function adoptOrphans(clock: Pick<Clock, 'timeout'>): Orphans | undefined {
  if (process.pid !== 1 || process.platform !== 'linux') return undefined
  // waitpid(2): pid_t waitpid(pid_t pid, int *wstatus, int options)
  const native = nativeFunctions({ waitpid: { arguments: ['i32', 'pointer', 'i32'], return: 'i32' } })
  if (native === undefined) return undefined
  return new Orphans(clock, endedChildren, pid => native.functions.waitpid(pid, 0n, WNOHANG))
}

/** proc(5): `pid (name) state ppid …`; the name may hold spaces and brackets. */
function endedChildren(): number[] {
  const own = ` Z ${process.pid} `
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => {
      if (!(pid > 0)) return false
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
        return stat.startsWith(own, stat.lastIndexOf(')') + 1)
      } catch {
        return false // It has gone in between.
      }
    })
}
