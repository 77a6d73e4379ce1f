import type { Rule } from './rule.ts'

/** The runtime looks for short texts with memchr, and for longer ones five times slower. */
const SHORT_BYTES = 6
/** Behind the end of all lines. */
const NOWHERE = 0xffff_ffff

/**
 * Finds the lines by which a record may begin without looking at them one by one: each of the rules' hints is looked
 * for from the last place on. A text that is not in the lines costs one pass over them.
 */
export class Hints {
  /** Undefined: any line may begin a record. */
  readonly #hints: readonly Buffer[] | undefined
  readonly #next: number[]
  #bytes: Buffer = Buffer.alloc(0)

  constructor(rules: readonly Rule[]) {
    const hints = new Map<string, Buffer>()
    for (const rule of rules) {
      for (const hint of rule.hints ?? []) {
        const short = hint.subarray(0, SHORT_BYTES)
        hints.set(short.toString(), short)
      }
    }
    this.#hints = rules.every(rule => rule.hints !== undefined) ? [...hints.values()] : undefined
    this.#next = (this.#hints ?? []).map(() => 0)
  }

  begin(bytes: Buffer): void {
    this.#bytes = bytes
    this.#next.fill(-1)
  }

  /** Other lines may have come between. */
  resume(bytes: Buffer): void {
    if (bytes !== this.#bytes) this.begin(bytes)
  }

  /** Whether the line `[start, end)` may begin a record. Lines come in their order. */
  mayBegin(start: number, end: number): boolean {
    if (this.#hints === undefined) return true
    const next = this.#next
    let may = false
    for (let i = 0; i < next.length; i++) {
      if (next[i] < start) {
        const at = this.#bytes.indexOf(this.#hints[i], start)
        next[i] = at < 0 ? NOWHERE : at
      }
      may ||= next[i] < end
    }
    return may
  }
}
