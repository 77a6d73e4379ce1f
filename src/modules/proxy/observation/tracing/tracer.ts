import type { ServerRequest } from '../../../../http/server/request.ts'
import type { TracingConfig } from './config.ts'
import { type Incoming, readIncoming } from './propagation.ts'
import { RequestTrace, type TraceParts } from './request-trace.ts'

/** Decides for each request which trace it belongs to and whether it is recorded. */
export class Tracer {
  readonly #config: TracingConfig
  readonly #parts: TraceParts
  readonly #random: () => number

  constructor(config: TracingConfig, parts: TraceParts, random: () => number) {
    this.#config = config
    this.#parts = parts
    this.#random = random
  }

  /** Undefined: the request belongs to a trace that is not recorded, and what it says of it goes on as it is. */
  begin({ headers }: ServerRequest): RequestTrace | undefined {
    const incoming = readIncoming(headers, this.#config.propagation)
    const sampled = this.#isSampled(incoming)
    if (!sampled && incoming.context !== undefined && incoming.sampled === false) return undefined
    return new RequestTrace(incoming, sampled, this.#parts)
  }

  #isSampled({ sampled }: Incoming): boolean {
    const { parentBased, sampleRatio } = this.#config
    if (parentBased && sampled !== undefined) return sampled
    return sampleRatio === 1 || this.#random() < sampleRatio
  }
}
