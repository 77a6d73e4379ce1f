import { parseResponseHead, type ResponseHead } from '../../wire/http1/head.ts'
import type { HeadLimits } from '../../wire/http1/limits.ts'
import { RepeatedHead } from '../../wire/http1/repeated-head.ts'

/** Reads the heads that an origin answers with, on whichever connection; one that it has just sent is known already. */
export class ResponseHeads {
  readonly #limits: HeadLimits
  readonly #repeated = new RepeatedHead<ResponseHead>()
  /** What a head says of its body depends on what was asked. */
  #method = ''

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  /** As `parseResponseHead`. */
  read(text: string, method: string): ResponseHead {
    const known = method === this.#method ? this.#repeated.recall(text) : undefined
    if (known !== undefined) return known
    const head = parseResponseHead(text, method, this.#limits)
    if (this.#repeated.keep(text, head)) this.#method = method
    return head
  }
}
