import type { Clock, Timer } from '../kernel/clock/clock.ts'

const LOOK_MS = 1000

/** Notices that the process that started us has died: its children are handed to another parent. */
export class ParentWatch implements Disposable {
  readonly #timer: Timer | undefined

  /** Without a parent in sight (the first process of a container, a service of init) there is nothing to watch. */
  constructor(clock: Pick<Clock, 'interval'>, onGone: () => void, parent: () => number = () => process.ppid) {
    const first = parent()
    if (first <= 1) return
    const timer = clock.interval(LOOK_MS, () => {
      if (parent() === first) return
      timer.cancel()
      onGone()
    })
    this.#timer = timer
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
  }
}
