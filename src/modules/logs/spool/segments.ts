import type { Segment } from './segment.ts'

/** The segments that are kept, oldest first. */
export class Segments {
  readonly #list: Segment[]

  constructor(list: readonly Segment[]) {
    this.#list = [...list]
  }

  get all(): readonly Segment[] {
    return this.#list
  }

  /** What they take on disk. */
  get bytes(): number {
    let bytes = 0
    for (const segment of this.#list) bytes += segment.end
    return bytes
  }

  get frames(): number {
    let frames = 0
    for (const segment of this.#list) frames += segment.frames
    return frames
  }

  add(segment: Segment): void {
    this.#list.push(segment)
  }

  remove(segment: Segment): void {
    const index = this.#list.indexOf(segment)
    if (index >= 0) this.#list.splice(index, 1)
  }

  /** The oldest one behind `segment`, which may be deleted already; the oldest of all without it. */
  after(segment: Segment | undefined): Segment | undefined {
    return segment ? this.#list.find(other => other.first > segment.first) : this.#list[0]
  }
}
