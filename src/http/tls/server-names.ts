/** Finds what belongs to a host name: an exact name first, then `*.` and all but its first label (RFC 6125 section 6.4.3). */
export class ServerNames<Value> {
  readonly #byName = new Map<string, Value>()

  /** Names such as `shop.example` and `*.shop.example`. */
  constructor(entries: Iterable<readonly [string, Value]> = []) {
    for (const [name, value] of entries) this.#byName.set(normalized(name), value)
  }

  get size(): number {
    return this.#byName.size
  }

  find(name: string): Value | undefined {
    const wanted = normalized(name)
    const exact = this.#byName.get(wanted)
    if (exact !== undefined) return exact
    const dot = wanted.indexOf('.')
    return dot <= 0 ? undefined : this.#byName.get(`*${wanted.slice(dot)}`)
  }
}

function normalized(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}
