import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../kernel/clock/clock.ts'
import type { Secret } from '../../kernel/config/secret.ts'
import type { AuthConfig } from './options.ts'
import type { PeerFailure } from './peer.ts'

/** How often a token's file is looked at for a new one. */
const lookAtFileMs = 10_000

export interface AuthHeaders {
  readonly headers: Readonly<Record<string, string>>
}

/** Gives the `authorization` header of requests. */
export class HttpAuth {
  readonly #config: AuthConfig | undefined
  readonly #key: string
  readonly #clock: Clock
  readonly #fixed: Readonly<Record<string, string>> | undefined
  #token = ''
  #version = ''
  #lookedAtMs = Number.NEGATIVE_INFINITY

  /** `key`: where the options stand, for messages. */
  constructor(config: AuthConfig | undefined, key: string, clock: Clock) {
    this.#config = config
    this.#key = key
    this.#clock = clock
    this.#fixed = config?.bearerFile === undefined ? fixedHeaders(config) : undefined
  }

  /** The header (none when nothing is configured), or why it cannot be made. */
  async headers(): Promise<AuthHeaders | { readonly failure: PeerFailure }> {
    if (this.#fixed) return { headers: this.#fixed }
    const nowMs = this.#clock.monotonic()
    try {
      if (nowMs - this.#lookedAtMs >= lookAtFileMs) await this.#look(this.#config!.bearerFile!)
      this.#lookedAtMs = nowMs
    } catch (error) {
      const reason = `the file of ${this.#key}.bearerFile cannot be read: ${(error as Error).message}`
      return { failure: { kind: 'failed', reason, refused: true } }
    }
    return { headers: { authorization: `Bearer ${this.#token}` } }
  }

  /** The peer refused us: the file may hold another token by now. */
  forget(): void {
    this.#lookedAtMs = Number.NEGATIVE_INFINITY
  }

  /** What to do when the peer refuses us. */
  get mend(): string {
    const { username, bearer, bearerFile } = this.#config ?? {}
    if (username !== undefined) return `check ${this.#key}.username and ${this.#key}.password`
    if (bearer) return `check ${this.#key}.bearer`
    if (bearerFile !== undefined) return `check the token in the file of ${this.#key}.bearerFile`
    return `set ${this.#key}`
  }

  async #look(path: string): Promise<void> {
    const { mtimeMs, ino, size } = await stat(path)
    const version = `${mtimeMs}:${ino}:${size}`
    if (version === this.#version) return
    const token = (await readFile(path, 'utf8')).trim()
    if (token === '' || /[\r\n]/.test(token)) throw new Error(`${path} does not hold one token`)
    this.#token = token
    this.#version = version
  }
}

function fixedHeaders(config: AuthConfig | undefined): Record<string, string> {
  if (config?.bearer) return { authorization: `Bearer ${config.bearer.reveal()}` }
  if (config?.username === undefined) return {}
  return { authorization: basicAuthorization(config.username, config.password) }
}

/** RFC 7617. */
export function basicAuthorization(username: string, password: Secret | undefined): string {
  return `Basic ${Buffer.from(`${username}:${password?.reveal() ?? ''}`).toString('base64')}`
}

/** Configured headers with their names in lower case. */
export function revealed(headers: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]),
  )
}
