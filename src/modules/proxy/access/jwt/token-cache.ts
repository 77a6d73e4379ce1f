/** Verified tokens by their hash: the tokens themselves are secrets, and long. The one used longest ago makes room. */
export class TokenCache<T extends { readonly expiresAtMs: number }> {
  readonly #max: number
  readonly #entries = new Map<string, T>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  get(hash: string, nowMs: number): T | undefined {
    const entry = this.#entries.get(hash)
    if (entry === undefined) return undefined
    this.#entries.delete(hash)
    if (entry.expiresAtMs <= nowMs) return undefined
    this.#entries.set(hash, entry)
    return entry
  }

  set(hash: string, entry: T): void {
    this.#entries.delete(hash)
    if (this.#entries.size >= this.#max) this.#entries.delete(this.#entries.keys().next().value!)
    this.#entries.set(hash, entry)
  }

  delete(hash: string): void {
    this.#entries.delete(hash)
  }
}
