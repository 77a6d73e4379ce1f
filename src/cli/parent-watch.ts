import { readFileSync } from 'node:fs'
import type { Clock, Timer } from '../kernel/clock/clock.ts'

const LOOK_MS = 1000

/** A process as the system shows it; undefined when it is gone or the system does not tell. */
export type Look = (pid: number) => Kin | undefined

export interface Kin {
  readonly parent: number
  /** The process group. */
  readonly group: number
}

export interface Self {
  readonly pid: number
  readonly ppid: number
}

/**
 * Notices that the process that started us has died: its children are handed to another parent.
 * A process that leads a group of its own (a job of an interactive shell, with nohup or without, setsid, a service) was
 * meant to outlive who started it and is not watched; what a script or another program starts shares its group.
 */
export class ParentWatch implements Disposable {
  readonly #timer: Timer | undefined

  /** `launcher` is the process that started us in its own stead; then its parent counts, as well as itself. */
  constructor(
    clock: Pick<Clock, 'interval'>,
    onGone: () => void,
    launcher?: number,
    self: Self = process,
    look: Look = kinOf,
  ) {
    const isAlive = lifeLine(self, launcher, look)
    if (!isAlive) return
    const timer = clock.interval(LOOK_MS, () => {
      if (isAlive()) return
      timer.cancel()
      onGone()
    })
    this.#timer = timer
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
  }
}

/** Whether all that we depend on still runs; undefined when there is nothing to watch. */
function lifeLine(self: Self, launcher: number | undefined, look: Look): (() => boolean) | undefined {
  const first = look(launcher ?? self.pid)
  const parent = launcher === undefined ? self.ppid : first?.parent
  // Without a parent in sight: the first process of a container, a service of init.
  const isOnItsOwn = parent === undefined || parent <= 1 || first?.group === (launcher ?? self.pid)
  if (launcher === undefined) return isOnItsOwn ? undefined : () => self.ppid === parent
  return () => self.ppid === launcher && (isOnItsOwn || look(launcher)?.parent === parent)
}

/** proc(5): `pid (name) state ppid pgrp …`; the name may hold spaces and brackets. */
function kinOf(pid: number): Kin | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { parent: Number(parent), group: Number(group) }
  } catch {
    return undefined
  }
}
