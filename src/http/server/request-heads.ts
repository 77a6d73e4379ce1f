import { parseRequestHead, type RequestHead } from '../../wire/http1/head.ts'
import type { HeadLimits } from '../../wire/http1/limits.ts'
import { RepeatedHead } from '../../wire/http1/repeated-head.ts'

/** Reads the heads of one connection; the one that it has just sent is known already. */
export class RequestHeads {
  readonly #limits: HeadLimits
  readonly #repeated = new RepeatedHead<RequestHead>()

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  /** As `parseRequestHead`. */
  read(text: string): RequestHead {
    const known = this.#repeated.recall(text)
    if (known !== undefined) return known
    const head = parseRequestHead(text, this.#limits)
    // The text may keep alive what came in one piece with it, which must not be a body.
    if (head.framing.kind === 'none') this.#repeated.keep(text, head)
    return head
  }
}
