import type { Slice } from '../batch.ts'
import { totalBytes, totalRecords } from './slices.ts'

/** What one send carries. */
export interface Load {
  readonly slices: readonly Slice[]
  /** How often these records have failed. */
  readonly attempts: number
  /**
   * fresh: never sent. again: the whole send failed. items: single records of a send that the peer
   * wants again; such loads may be joined. half: a part of a send that was too large.
   */
  readonly kind: 'fresh' | 'again' | 'items' | 'half'
}

interface Waiting {
  readonly load: Load
  dueAtMs: number
}

/** Loads that are to be sent again, each at its time. */
export class RetryQueue {
  /** In the order of their times; equal times in the order of arrival. */
  #waiting: Waiting[] = []

  get size(): number {
    return this.#waiting.length
  }

  get dueAtMs(): number | undefined {
    return this.#waiting[0]?.dueAtMs
  }

  /** The first load that failed as a whole or was halved, when there is one. */
  get ordered(): Waiting | undefined {
    return this.#waiting.find(({ load }) => load.kind !== 'items')
  }

  add(load: Load, dueAtMs: number): void {
    let at = this.#waiting.length
    while (at > 0 && this.#waiting[at - 1]!.dueAtMs > dueAtMs) at--
    this.#waiting.splice(at, 0, { load, dueAtMs })
  }

  /** The first load, when its time has come; single records join it as far as they fit. */
  take(nowMs: number, maxRecords: number, maxBytes: number): Load | undefined {
    const first = this.#waiting[0]
    if (!first || first.dueAtMs > nowMs) return undefined
    this.#waiting.shift()
    return first.load.kind === 'items' ? this.#joined(first.load, nowMs, maxRecords, maxBytes) : first.load
  }

  /** Takes this very load, whatever its time. */
  remove(waiting: Waiting): Load {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
    return waiting.load
  }

  /** Everything is due now. */
  hurry(nowMs: number): void {
    for (const waiting of this.#waiting) waiting.dueAtMs = Math.min(waiting.dueAtMs, nowMs)
  }

  #joined(first: Load, nowMs: number, maxRecords: number, maxBytes: number): Load {
    const slices = [...first.slices]
    let attempts = first.attempts
    let records = totalRecords(slices)
    let bytes = totalBytes(slices)
    this.#waiting = this.#waiting.filter(({ load, dueAtMs }) => {
      if (load.kind !== 'items' || dueAtMs > nowMs) return true
      records += totalRecords(load.slices)
      bytes += totalBytes(load.slices)
      if (records > maxRecords || bytes > maxBytes) return true
      slices.push(...load.slices)
      attempts = Math.max(attempts, load.attempts)
      return false
    })
    return { slices, attempts, kind: 'items' }
  }
}
