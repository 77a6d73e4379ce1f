/**
 * How long one module may work in one turn of the loop. A request that passes the proxy needs two turns and may wait
 * for a slice before each; a quarter of a millisecond costs a flood of log lines about a twentieth of its speed.
 */
export const SLICE_MS = 0.25

/** Measures stretches of work on the loop, whoever does them, and cuts long work into slices. */
export class LoopShare {
  readonly #monotonic: () => number
  /** Work that was measured so far, all modules together: what others did inside a stretch is not held against its module. */
  #measuredMs = 0
  #depth = 0

  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic
  }

  /** A module's share. `onHeld` is told of every measured stretch of work. */
  module(onHeld: (ms: number, doing: string) => void): ModuleShare {
    return { run: this.#runner(onHeld), slice: this.#slicer(onHeld) }
  }

  #runner(onHeld: (ms: number, doing: string) => void): ModuleShare['run'] {
    return (doing, call) => {
      // A call within a measured call is already on the outer one's account.
      if (this.#depth > 0) return call()
      const start = this.#monotonic()
      this.#depth++
      try {
        return call()
      } finally {
        this.#depth--
        const ms = this.#monotonic() - start
        this.#measuredMs += ms
        onHeld(ms, doing)
      }
    }
  }

  #slicer(onHeld: (ms: number, doing: string) => void): ModuleShare['slice'] {
    let working = false
    let startMs = 0
    let markMs = 0
    let markMeasuredMs = 0
    /** Parts of the module's work that wait, each for a turn of its own: together they would hold the loop for long. */
    const waiting: (() => void)[] = []

    const mark = (now: number) => {
      markMs = now
      markMeasuredMs = this.#measuredMs
    }
    const begin = (now: number) => {
      working = true
      startMs = now
      mark(now)
      setImmediate(endOfTurn)
    }
    const endOfTurn = () => {
      // Between two immediates the loop looks at its sockets.
      if (waiting.length > 0) setImmediate(nextTurn)
      else working = false
    }
    const nextTurn = () => {
      begin(this.#monotonic())
      waiting.shift()!()
    }
    const wait = () => new Promise<void>(resolve => waiting.push(resolve))
    return () => {
      const now = this.#monotonic()
      if (!working) {
        begin(now)
        return undefined
      }
      const ms = now - markMs - (this.#measuredMs - markMeasuredMs)
      if (this.#depth === 0 && ms > 0) {
        this.#measuredMs += ms
        onHeld(ms, 'slice')
      }
      mark(now)
      return now - startMs < SLICE_MS ? undefined : wait()
    }
  }
}

export interface ModuleShare {
  /** Runs a callback on the module's account. `doing` says what it is, for the log. */
  run<T>(doing: string, call: () => T): T
  /** See Host.slice. */
  slice(): Promise<void> | undefined
}
