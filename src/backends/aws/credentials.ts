/** Keys that sign requests to AWS. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** From when on they are no longer accepted, milliseconds since the epoch; absent: they stay. */
  readonly expiresAtMs?: number
}

/** One place where credentials may be. */
export interface CredentialSource {
  /** For messages: `the environment`. */
  readonly name: string
  /** Undefined, or why, when this place has none; rejects with CredentialsError when it has some that cannot be used. */
  load(): Promise<AwsCredentials | Absent | undefined>
}

export interface Absent {
  readonly absent: string
}

/** Its message is for people: what is wrong with the credentials, and where. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
  /** It may be over in a moment: the place did not answer. */
  readonly passing: boolean

  constructor(message: string, { passing = false }: { readonly passing?: boolean } = {}) {
    super(message)
    this.passing = passing
  }
}

/** From so long before they expire on, others are looked for; those at hand serve until they do. */
const renewBeforeMs = 5 * 60_000
/** How long after a look in vain the next one is, while there are some that serve. */
const lookAgainMs = 30_000

/** Keeps what the first source gives until shortly before it expires; all who wait for new ones share one look. */
export class Credentials {
  readonly #sources: readonly CredentialSource[]
  readonly #now: () => number
  #kept: AwsCredentials | undefined
  #loading: Promise<AwsCredentials> | undefined
  #lookAgainAtMs = Number.NEGATIVE_INFINITY

  constructor(sources: readonly CredentialSource[], now: () => number) {
    this.#sources = sources
    this.#now = now
  }

  /** Rejects with CredentialsError when no source has any. */
  async get(): Promise<AwsCredentials> {
    const kept = this.#kept
    const now = this.#now()
    const leftMs = (kept?.expiresAtMs ?? Number.POSITIVE_INFINITY) - now
    if (kept && (leftMs > renewBeforeMs || (leftMs > 0 && now < this.#lookAgainAtMs))) return kept
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined
    })
    try {
      return await this.#loading
    } catch (error) {
      if (!kept || leftMs <= 0 || kept !== this.#kept) throw error
      this.#lookAgainAtMs = now + lookAgainMs
      return kept
    }
  }

  /** The peer refused them: the next `get` looks again, since somebody may have put new ones in their place. */
  forget(): void {
    this.#kept = undefined
  }

  async #load(): Promise<AwsCredentials> {
    const looked: string[] = []
    for (const source of this.#sources) {
      const found = await source.load()
      if (found !== undefined && !('absent' in found)) return (this.#kept = found)
      looked.push(found === undefined ? source.name : `${source.name} (${found.absent})`)
    }
    throw new CredentialsError(`no AWS credentials found; looked in ${looked.join(', ')}`)
  }
}
