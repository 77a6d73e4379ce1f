import type { Lines } from '../../lines.ts'
import { Gathered } from '../gathered.ts'
import type { InputHost } from '../input.ts'

/** The spool may be busy for so long before senders are told to wait. */
const PATIENCE_MS = 2000

/** The way of finished records to the spool. */
export class Intake {
  readonly #host: InputHost
  readonly #records: { inc(by?: number): void }
  /** When each call of the sink began, by the monotonic clock; the oldest first. */
  readonly #underWay = new Map<symbol, number>()

  constructor(host: InputHost) {
    this.#host = host
    this.#records = host.metrics
      .counter('http_records_total', 'Records that senders have brought by HTTP.', ['input'])
      .with(host.name)
  }

  /** The spool has not taken something for longer than a moment: nobody should bring more. */
  get isStuck(): boolean {
    for (const sinceMs of this.#underWay.values()) return this.#host.clock.monotonic() - sinceMs > PATIENCE_MS
    return false
  }

  /** Records that came from `path` and are tagged `tag`. */
  gather(path: string, tag: string): Gathered {
    return new Gathered({ input: this.#host.name, path, tag }, this.#host, lines => this.#take(lines))
  }

  /** For requests whose records have tags of their own. */
  byTag(): GatheredByTag {
    return new GatheredByTag(this)
  }

  async #take(lines: Lines): Promise<void> {
    const call = Symbol()
    this.#underWay.set(call, this.#host.clock.monotonic())
    try {
      await this.#host.sink(lines)
    } finally {
      this.#underWay.delete(call)
    }
    this.#records.inc(lines.count)
  }
}
/** Tags of one request that are gathered at the same time; with more of them the batches get smaller, nothing else. */
const MAX_TAGS = 100

/** Records of one request, by where they come from and their tag. */
export class GatheredByTag {
  readonly #intake: Intake
  readonly #gathered = new Map<string, Gathered>()

  constructor(intake: Intake) {
    this.#intake = intake
  }

  /** Where records with this origin are written. */
  async of(path: string, tag: string): Promise<Gathered> {
    const key = `${tag}\n${path}`
    const known = this.#gathered.get(key)
    if (known !== undefined) return known
    if (this.#gathered.size >= MAX_TAGS) await this.finish()
    const gathered = this.#intake.gather(path, tag)
    this.#gathered.set(key, gathered)
    return gathered
  }

  /** Resolves once all records are safe. */
  async finish(): Promise<void> {
    for (const gathered of this.#gathered.values()) await gathered.finish()
    this.#gathered.clear()
  }
}
