import type { Conclusion, Observed } from '../observed.ts'
import type { AccessLogConfig } from './config.ts'
import type { LineFormat } from './json-line.ts'
import { lineFormat } from './line-format.ts'
import type { LineQueue } from './line-queue.ts'

/** Decides which requests become lines, and what these look like. */
export class AccessLog {
  readonly #queue: LineQueue
  readonly #format: LineFormat
  readonly #sampleRatio: number
  readonly #errorsFrom: number
  readonly #random: () => number

  constructor(config: AccessLogConfig, queue: LineQueue, random: () => number) {
    this.#queue = queue
    this.#sampleRatio = config.sampleRatio
    this.#errorsFrom = config.errorsFrom
    this.#random = random
    this.#format = lineFormat(config)
  }

  write(observed: Observed, conclusion: Conclusion): void {
    if (this.#sampleRatio < 1 && !this.#isError(conclusion) && this.#random() >= this.#sampleRatio) return
    this.#queue.put(this.#format(observed, conclusion))
  }

  #isError({ failure, status }: Conclusion): boolean {
    return failure !== undefined || status >= this.#errorsFrom
  }
}
