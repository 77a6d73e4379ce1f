/** Up to so many names are compared one by one. */
const FEW = 32

/** The names that a line has had, so that none is written twice: stores refuse records that name a field twice. */
export class KeySet {
  #spans = new Uint32Array(2 * FEW)
  #count = 0
  readonly #many = new Set<string>()

  get size(): number {
    return this.#count
  }

  clear(): void {
    if (this.#count > FEW) this.#many.clear()
    this.#count = 0
  }

  /** Remembers the name `bytes[start, end)`; false when it was there. */
  add(bytes: Buffer, start: number, end: number): boolean {
    const few = Math.min(this.#count, FEW)
    for (let i = 0; i < few; i++)
      if (equal(bytes, this.#spans[2 * i], this.#spans[2 * i + 1], start, end)) return false
    if (this.#count >= FEW) {
      // A line of thousands of names must not cost the square of them.
      const name = bytes.toString('latin1', start, end)
      if (this.#many.has(name)) return false
      this.#many.add(name)
    } else {
      this.#spans[2 * this.#count] = start
      this.#spans[2 * this.#count + 1] = end
    }
    this.#count++
    return true
  }
}

function equal(bytes: Buffer, oneStart: number, oneEnd: number, start: number, end: number): boolean {
  if (oneEnd - oneStart !== end - start) return false
  for (let i = 0; i < end - start; i++) if (bytes[oneStart + i] !== bytes[start + i]) return false
  return true
}
