import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { LoadKeys } from './key-source.ts'

/** Without any keys nobody gets in: then the issuer is asked more often. */
const FIRST_COOLDOWN_MS = 1000

/** A set as it was read; another text makes another object. */
export interface Keys {
  readonly text: string
  readonly find: JWTVerifyGetKey
}

export interface KeySetParts {
  readonly load: LoadKeys
  /** jose's createLocalJWKSet. */
  readonly finder: (keys: JSONWebKeySet) => JWTVerifyGetKey
  readonly clock: Pick<Clock, 'monotonic'>
  readonly refreshMs: number
  readonly cooldownMs: number
  /** After each reading, with what went wrong. */
  readonly loaded: (problem: string | undefined) => void
}

/**
 * The keys of an issuer, read when they are first needed, and again when they are old or a token names a key that is
 * not among them: one reading at a time, and none within the cool-down. What was read last stays in use until a reading
 * succeeds. No timer: keys that nobody asks for are not read.
 */
export class KeySet {
  readonly #parts: KeySetParts
  #keys: Keys | undefined
  #reading: Promise<void> | undefined
  #triedAtMs = Number.NEGATIVE_INFINITY
  #readAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: KeySetParts) {
    this.#parts = parts
  }

  /** What is known now; old keys begin to be read anew, in the background. */
  current(): Keys | undefined {
    const { clock, refreshMs } = this.#parts
    if (clock.monotonic() - this.#readAtMs >= refreshMs) void this.#read()
    return this.#keys
  }

  /** Waits for the first reading where there was none. */
  async available(): Promise<Keys | undefined> {
    const known = this.current()
    if (known !== undefined) return known
    await this.#reading
    return this.#keys
  }

  /** For a key that `known` lacks: other keys, when there are any. */
  async newerThan(known: Keys): Promise<Keys | undefined> {
    if (this.#keys === known) await this.#read()
    return this.#keys === known ? undefined : this.#keys
  }

  #read(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading
    const nowMs = this.#parts.clock.monotonic()
    const { cooldownMs } = this.#parts
    const waitMs = this.#keys === undefined ? Math.min(cooldownMs, FIRST_COOLDOWN_MS) : cooldownMs
    if (nowMs - this.#triedAtMs < waitMs) return Promise.resolve()
    this.#triedAtMs = nowMs
    this.#reading = this.#load().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #load(): Promise<void> {
    const { load, finder, loaded, clock } = this.#parts
    try {
      const text = await load()
      if (text !== this.#keys?.text) this.#keys = { text, find: finder(parseKeySet(text)) }
      this.#readAtMs = clock.monotonic()
      loaded(undefined)
    } catch (error) {
      loaded((error as Error).message)
    }
  }
}

/** RFC 7517 section 5, without secrets (`oct`): whoever reads the document could sign with them. Throws for people. */
export function parseKeySet(text: string): JSONWebKeySet {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new Error('expected a JSON Web Key Set, got something that is not JSON')
  }
  const keys = (document as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) throw new Error('expected a JSON Web Key Set, got JSON without a list "keys"')
  const usable = keys.filter(key => ['RSA', 'EC', 'OKP'].includes(key?.kty))
  if (usable.length === 0) throw new Error('the JSON Web Key Set has no public key of kind RSA, EC or OKP')
  return { keys: usable }
}
