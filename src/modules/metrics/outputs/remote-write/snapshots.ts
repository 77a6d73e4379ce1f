import { inTurns } from '../../../../kernel/long-work.ts'
import type { Label, MetricFamily } from '../../../../wire/prometheus/family.ts'
import { seriesLabels, WriteRequest } from '../../../../wire/prometheus/remote-write.ts'
import { snappyInSteps } from '../../../../wire/snappy/compress.ts'

/** One request that is ready to be sent, as often as it takes. */
export interface Prepared {
  /** Compressed. */
  readonly body: Buffer
  readonly samples: number
}

export interface Moment {
  readonly timeMs: number
  /** Whether types and texts go along. */
  readonly metadata: boolean
  /** Nothing comes after this: each series ends with it. */
  readonly isLast: boolean
}

/** Makes requests of what the metrics are at one moment after the other, and ends the series that are there no more. */
export class Snapshots {
  readonly #maxSamples: number
  readonly #slice: () => Promise<void> | undefined
  /** Of the moment before. */
  #known = new Map<string, readonly Label[]>()

  constructor(maxSamples: number, slice: () => Promise<void> | undefined) {
    this.#maxSamples = maxSamples
    this.#slice = slice
  }

  /** The requests of one moment, to be sent in their order. */
  async take(families: readonly MetricFamily[], { timeMs, metadata, isLast }: Moment): Promise<Prepared[]> {
    const requests = new Requests(this.#maxSamples, this.#slice)
    const before = this.#known
    this.#known = new Map()
    for (const family of families) {
      for (const sample of family.samples) {
        const labels = seriesLabels(family, sample)
        const key = labels.join('\0')
        this.#known.set(key, labels)
        before.delete(key)
        const time = sample.timeMs ?? timeMs
        // A marker of its own moment, or it would be a second value of this one.
        const end = isLast ? [{ value: 'stale', timeMs: time + 1 } as const] : []
        await requests.series(labels, [{ value: sample.value, timeMs: time }, ...end])
      }
      if (metadata) requests.metadata(family)
    }
    for (const labels of before.values()) await requests.series(labels, [{ value: 'stale', timeMs }])
    return requests.all()
  }
}

/** Fills one request after the other, a piece at a time. */
class Requests {
  readonly #maxSamples: number
  readonly #slice: () => Promise<void> | undefined
  readonly #made: Prepared[] = []
  #open = new WriteRequest()
  #samples = 0

  constructor(maxSamples: number, slice: () => Promise<void> | undefined) {
    this.#maxSamples = maxSamples
    this.#slice = slice
  }

  async series(...[labels, points]: Parameters<WriteRequest['series']>): Promise<void> {
    if (this.#samples > 0 && this.#samples + points.length > this.#maxSamples) await this.#close()
    this.#open.series(labels, points)
    this.#samples += points.length
    await this.#slice()
  }

  metadata(family: MetricFamily): void {
    this.#open.metadata(family)
  }

  async all(): Promise<Prepared[]> {
    if (this.#samples > 0) await this.#close()
    return this.#made
  }

  async #close(): Promise<void> {
    const compressed = await inTurns(snappyInSteps(this.#open.bytes), this.#slice)
    // The compressor's memory is for the worst case: what waits takes what it needs.
    this.#made.push({ body: Buffer.from(compressed), samples: this.#samples })
    this.#open = new WriteRequest()
    this.#samples = 0
  }
}
