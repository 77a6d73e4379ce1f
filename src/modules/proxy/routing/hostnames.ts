/** Values by host name, where a name may begin with `*.`; the most specific ones come first. */
export class HostIndex<T> {
  readonly #exact = new Map<string, T>()
  /** By what stands behind the `*`. */
  readonly #wildcards = new Map<string, T>()
  #any: T | undefined

  /** `undefined` is every host. */
  set(hostname: string | undefined, value: T): void {
    if (hostname === undefined) this.#any = value
    else if (hostname.startsWith('*.')) this.#wildcards.set(hostname.slice(1), value)
    else this.#exact.set(hostname, value)
  }

  values(): T[] {
    const all = [...this.#exact.values(), ...this.#wildcards.values()]
    return this.#any === undefined ? all : [...all, this.#any]
  }

  /** The first value that `pick` makes something of, from the most specific name to that for every host. */
  find<R>(host: string, pick: (value: T) => R | undefined): R | undefined {
    const exact = this.#exact.get(host)
    const result = exact === undefined ? undefined : pick(exact)
    if (result !== undefined) return result
    for (let dot = this.#wildcards.size === 0 ? -1 : host.indexOf('.', 1); dot !== -1; ) {
      const wildcard = this.#wildcards.get(host.slice(dot))
      const found = wildcard === undefined ? undefined : pick(wildcard)
      if (found !== undefined) return found
      dot = host.indexOf('.', dot + 1)
    }
    return this.#any === undefined ? undefined : pick(this.#any)
  }
}
