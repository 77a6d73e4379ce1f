import type { Batch, Origin } from './batch.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { LentMemory } from './lent-memory.ts'
import type { Lines } from './lines.ts'

/** The batches that come of one go of lines: one of their own tag, and one of every other that steps gave. */
export class TaggedBatches {
  /** Of the lines' own tag. */
  readonly main: BatchBuilder
  readonly #memory: LentMemory | undefined
  readonly #others = new Map<string, BatchBuilder>()
  #lines!: Lines

  /** `memory`: where buffers are taken from that are not the lines' own. */
  constructor(memory: LentMemory | undefined) {
    this.#memory = memory
    this.main = new BatchBuilder(memory)
  }

  begin(lines: Lines): void {
    this.#lines = lines
    this.main.begin(lines)
  }

  of(tag: string): BatchBuilder {
    if (tag === this.#lines.origin.tag) return this.main
    let builder = this.#others.get(tag)
    if (builder === undefined) {
      builder = new BatchBuilder(this.#memory)
      const { input, path } = this.#lines.origin
      builder.begin(this.#lines, { input, path, tag })
      this.#others.set(tag, builder)
    }
    return builder
  }

  /** `origin`: the lines' own, perhaps with an earlier position. The batch of their own tag is the last: it carries the position, which must not be safe before the others are. */
  finish(origin: Origin = this.#lines.origin): readonly Batch[] {
    const main = this.main.finish(origin)
    if (this.#others.size === 0) return [main]
    const others = [...this.#others.values()].map(builder => builder.finish())
    this.#others.clear()
    return [...others, main]
  }
}
