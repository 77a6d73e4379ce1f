/** Keys that sign requests to AWS. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** From when on they are no longer accepted, milliseconds since the epoch; absent: they stay. */
  readonly expiresAtMs?: number
}

/** One place where credentials may be. A role's endpoint is one more of these. */
export interface CredentialSource {
  /** For messages: `the environment`. */
  readonly name: string
  /** Undefined when this place has none; rejects with CredentialsError when it has some that cannot be used. */
  load(): Promise<AwsCredentials | undefined>
}

/** Its message is for people: what is wrong with the credentials, and where. */
export class CredentialsError extends Error {}

export interface CredentialsOptions {
  /** From our configuration: comes before all else. */
  readonly fixed?: AwsCredentials
  /** A profile of the shared credentials file; AWS_PROFILE or `default` unless given. */
  readonly profile?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Gives a file's text; undefined when there is no such file. */
  readonly readFile: (path: string) => Promise<string | undefined>
}

/** The places in the order in which AWS's own tools look: configuration, environment, shared file. */
export function credentialSources({ fixed, profile, env, readFile }: CredentialsOptions): CredentialSource[] {
  const sources: CredentialSource[] = []
  if (fixed) sources.push({ name: 'the configuration', load: async () => fixed })
  if (profile === undefined) sources.push({ name: 'the environment', load: async () => fromEnvironment(env) })
  sources.push(sharedFile(profile ?? (env['AWS_PROFILE'] || 'default'), env, readFile))
  return sources
}

/** Keeps what the first source gives until shortly before it expires. */
export class Credentials {
  readonly #sources: readonly CredentialSource[]
  readonly #now: () => number
  #kept: AwsCredentials | undefined
  #loading: Promise<AwsCredentials> | undefined

  constructor(sources: readonly CredentialSource[], now: () => number) {
    this.#sources = sources
    this.#now = now
  }

  /** Rejects with CredentialsError when no source has any. */
  async get(): Promise<AwsCredentials> {
    const kept = this.#kept
    if (kept && (kept.expiresAtMs === undefined || kept.expiresAtMs - renewBeforeMs > this.#now()))
      return kept
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined
    })
    return await this.#loading
  }

  /** The peer refused them: the next `get` looks again, since somebody may have put new ones in their place. */
  forget(): void {
    this.#kept = undefined
  }

  async #load(): Promise<AwsCredentials> {
    for (const source of this.#sources) {
      const found = await source.load()
      if (found) return (this.#kept = found)
    }
    const names = this.#sources.map(source => source.name).join(', ')
    throw new CredentialsError(`no AWS credentials found; looked in ${names}`)
  }
}

const renewBeforeMs = 5 * 60_000

function fromEnvironment(env: CredentialsOptions['env']): AwsCredentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY']
  if (!accessKeyId && !secretAccessKey) return undefined
  if (!accessKeyId) throw new CredentialsError('AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not')
  if (!secretAccessKey)
    throw new CredentialsError('AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not')
  return withToken({ accessKeyId, secretAccessKey }, env['AWS_SESSION_TOKEN'])
}

function sharedFile(
  profile: string,
  env: CredentialsOptions['env'],
  readFile: CredentialsOptions['readFile'],
): CredentialSource {
  const home = env['HOME'] || env['USERPROFILE']
  const path = env['AWS_SHARED_CREDENTIALS_FILE'] || (home && `${home}/.aws/credentials`)
  const name = path ? `${path} (profile ${profile})` : 'the shared credentials file (HOME is not set)'
  const load = async () => {
    const text = path ? await readFile(path) : undefined
    const section = text === undefined ? undefined : parseProfiles(text).get(profile)
    if (!section) return undefined
    const accessKeyId = section.get('aws_access_key_id')
    const secretAccessKey = section.get('aws_secret_access_key')
    if (!accessKeyId || !secretAccessKey) {
      const missing = accessKeyId ? 'aws_secret_access_key' : 'aws_access_key_id'
      throw new CredentialsError(`${path}: profile ${profile} has no ${missing}`)
    }
    return withToken({ accessKeyId, secretAccessKey }, section.get('aws_session_token'))
  }
  return { name, load }
}

function withToken(keys: AwsCredentials, sessionToken: string | undefined): AwsCredentials {
  return sessionToken ? { ...keys, sessionToken } : keys
}

/** The INI dialect of the shared credentials file: `[profile]`, `key = value`, comments on lines of their own. */
export function parseProfiles(text: string): Map<string, Map<string, string>> {
  const profiles = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue
    const header = /^\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(trimmed)
    if (header) {
      section = profiles.get(header[1]) ?? new Map()
      profiles.set(header[1], section)
      continue
    }
    const equals = trimmed.indexOf('=')
    if (section && equals > 0)
      section.set(trimmed.slice(0, equals).trim().toLowerCase(), trimmed.slice(equals + 1).trim())
  }
  return profiles
}
