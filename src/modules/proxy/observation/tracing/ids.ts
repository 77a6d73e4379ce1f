const POOL_BYTES = 4096
const ZEROS = /^0+$/

/** Random ids of traces and spans; the random bytes are fetched in bulk. */
export class Ids {
  readonly #pool = Buffer.alloc(POOL_BYTES)
  #at = POOL_BYTES

  /** 32 hexadecimal digits. */
  trace(): string {
    return this.#hex(16)
  }

  /** 16 hexadecimal digits. */
  span(): string {
    return this.#hex(8)
  }

  #hex(bytes: number): string {
    if (this.#at + bytes > POOL_BYTES) {
      process.getBuiltinModule('node:crypto').randomFillSync(this.#pool)
      this.#at = 0
    }
    this.#at += bytes
    const id = this.#pool.toString('hex', this.#at - bytes, this.#at)
    return ZEROS.test(id) ? this.#hex(bytes) : id
  }
}
