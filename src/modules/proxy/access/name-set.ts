/**
 * Names of headers as applications see them: without case, and `_` is `-`, for CGI and its heirs (WSGI, Rack, PHP)
 * read `X_User` and `X-User` as one variable.
 */
export class NameSet {
  readonly #names: ReadonlySet<string>
  /** Most names of a request are told by their length alone. */
  readonly #lengths: ReadonlySet<number>

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map(folded))
    this.#lengths = new Set(names.map(name => name.length))
  }

  has(name: string): boolean {
    return this.#lengths.has(name.length) && this.#names.has(folded(name))
  }
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
