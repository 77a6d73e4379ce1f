/** Something of Istio's that is not carried over, or not quite. */
export interface Finding {
  /** `VirtualService/shop/checkout`. */
  readonly document: string
  /** `spec.http[0].fault`. */
  readonly key: string
  readonly message: string
}

/**
 * A mapping of a foreign document, read key by key. What nobody has taken when `end` is called becomes a finding, so
 * that nothing is lost in silence.
 */
export class Section {
  readonly #value: Readonly<Record<string, unknown>>
  readonly #document: string
  readonly #key: string
  readonly #findings: Finding[]
  readonly #taken = new Set<string>()

  constructor(value: unknown, document: string, key: string, findings: Finding[]) {
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
    this.#value = isMapping ? (value as Record<string, unknown>) : {}
    this.#document = document
    this.#key = key
    this.#findings = findings
  }

  has(key: string): boolean {
    return this.#value[key] !== undefined
  }

  keys(): string[] {
    return Object.keys(this.#value)
  }

  take(key: string): unknown {
    this.#taken.add(key)
    return this.#value[key]
  }

  text(key: string): string | undefined {
    const value = this.take(key)
    return value === undefined || value === null || typeof value === 'object' ? undefined : String(value)
  }

  number(key: string): number | undefined {
    const value = this.take(key)
    return value === undefined || value === null ? undefined : Number(value)
  }

  texts(key: string): string[] {
    const value = this.take(key)
    return Array.isArray(value) ? value.map(String) : []
  }

  section(key: string): Section | undefined {
    const value = this.take(key)
    return value === undefined ? undefined : this.#inside(value, this.#path(key))
  }

  sections(key: string): Section[] {
    const value = this.take(key)
    return Array.isArray(value) ? value.map((item, i) => this.#inside(item, `${this.#path(key)}[${i}]`)) : []
  }

  /** Says of a key that is there that it is not carried over, and why. */
  leave(key: string, message: string): void {
    if (this.has(key)) this.tell(message, key)
    this.#taken.add(key)
  }

  tell(message: string, key?: string): void {
    const path = key === undefined ? this.#key : this.#path(key)
    this.#findings.push({ document: this.#document, key: path, message })
  }

  end(): void {
    for (const key of this.keys()) {
      if (!this.#taken.has(key)) this.leave(key, 'is not carried over: it has no counterpart')
    }
  }

  #inside(value: unknown, key: string): Section {
    return new Section(value, this.#document, key, this.#findings)
  }

  #path(key: string): string {
    return this.#key === '' ? key : `${this.#key}.${key}`
  }
}

/** A duration of protobuf's JSON or Go (`1.5s`, `1h`, `24h0m0s`) in the notation of the Gateway API. */
export function durationText(text: string): string | undefined {
  if (!/^(\d+(\.\d+)?(h|m|s|ms))+$/.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g))
    ms += Number(amount) * { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }[unit as 'h' | 'm' | 's' | 'ms']
  ms = Math.round(ms)
  let written = ''
  for (const [size, unit] of [
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1000, 's'],
    [1, 'ms'],
  ] as const) {
    if (ms >= size) written += `${Math.floor(ms / size)}${unit}`
    ms %= size
  }
  return written === '' ? '0s' : written
}
