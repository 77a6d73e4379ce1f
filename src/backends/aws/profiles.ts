import { containerSource } from './container.ts'
import { type AwsCredentials, type CredentialSource, CredentialsError } from './credentials.ts'
import { metadataSource } from './metadata.ts'
import { assumeRole, assumeRoleWithToken, type StsOptions } from './sts.ts'
import type { AwsWorld } from './world.ts'

type Profiles = ReadonlyMap<string, ReadonlyMap<string, string>>

/** A role may be taken on with the keys of another profile, which may have a role of its own, and so on. */
const MAX_DEPTH = 5

/** A profile of the shared files: keys, a role on top of another profile or place, or a token's file. */
export function profileSource(profile: string, world: AwsWorld, sts: StsOptions): CredentialSource {
  const { env } = world
  const home = env['HOME'] || env['USERPROFILE']
  const keysPath = env['AWS_SHARED_CREDENTIALS_FILE'] || (home && `${home}/.aws/credentials`)
  const configPath = env['AWS_CONFIG_FILE'] || (home && `${home}/.aws/config`)
  const name = keysPath ? `${keysPath} (profile ${profile})` : 'the shared credentials file (HOME is not set)'
  const load = async () => {
    if (!keysPath || !configPath) return undefined
    const keys = parseProfiles((await world.readFile(keysPath)) ?? '')
    const config = parseProfiles((await world.readFile(configPath)) ?? '')
    return await new Shared(merged(config, keys), `${keysPath}`, world, sts).load(profile, MAX_DEPTH)
  }
  return { name, load }
}

class Shared {
  readonly #profiles: Profiles
  readonly #path: string
  readonly #world: AwsWorld
  readonly #sts: StsOptions

  constructor(profiles: Profiles, path: string, world: AwsWorld, sts: StsOptions) {
    this.#profiles = profiles
    this.#path = path
    this.#world = world
    this.#sts = sts
  }

  async load(profile: string, depth: number): Promise<AwsCredentials | undefined> {
    const section = this.#profiles.get(profile)
    if (!section) return undefined
    const where = `${this.#path}: profile ${profile}`
    const arn = section.get('role_arn')
    const sts = { ...this.#sts, region: this.#sts.region ?? section.get('region') }
    const sessionName = section.get('role_session_name') ?? 'outrigger'
    if (arn !== undefined) {
      const path = section.get('web_identity_token_file')
      if (path !== undefined) return await assumeRoleWithToken({ arn, path, sessionName }, this.#world, sts)
      const credentials = await this.#base(section, where, profile, depth)
      const externalId = section.get('external_id')
      const role = { arn, sessionName, credentials, ...(externalId === undefined ? {} : { externalId }) }
      return await assumeRole(role, this.#world, sts)
    }
    return keysIn(section, where)
  }

  /** Who takes the role on. */
  async #base(
    section: ReadonlyMap<string, string>,
    where: string,
    profile: string,
    depth: number,
  ): Promise<AwsCredentials> {
    const other = section.get('source_profile')
    if (other !== undefined) {
      if (depth === 0) throw new CredentialsError(`${where}: its source_profile leads round in a circle`)
      const own = other === profile ? keysIn(section, where) : await this.load(other, depth - 1)
      if (own) return own
      throw new CredentialsError(`${where}: its source_profile ${other} does not exist`)
    }
    const place = section.get('credential_source')
    const source =
      place === 'EcsContainer'
        ? containerSource(this.#world)
        : place === 'Ec2InstanceMetadata'
          ? metadataSource(this.#world)
          : undefined
    if (!source) throw new CredentialsError(`${where} has a role_arn, but no source_profile`)
    const found = await source.load()
    if (found !== undefined && !('absent' in found)) return found
    throw new CredentialsError(`${where}: ${source.name} has no credentials`)
  }
}

/** Undefined when the section has none; `aws configure` also makes sections with a region alone. */
function keysIn(section: ReadonlyMap<string, string>, where: string): AwsCredentials | undefined {
  const accessKeyId = section.get('aws_access_key_id')
  const secretAccessKey = section.get('aws_secret_access_key')
  if (!accessKeyId && !secretAccessKey) {
    for (const option of ['credential_process', 'sso_session', 'sso_start_url']) {
      if (section.has(option)) throw new CredentialsError(`${where} has ${option}, which is not supported`)
    }
    return undefined
  }
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'aws_secret_access_key' : 'aws_access_key_id'
    throw new CredentialsError(`${where} has no ${missing}`)
  }
  const sessionToken = section.get('aws_session_token')
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

/** The INI dialect of the shared files: `[profile]`, `key = value`, comments on lines of their own. */
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

/** What the file of credentials says of a profile comes before what the other one says. */
function merged(config: Profiles, keys: Profiles): Profiles {
  const all = new Map<string, ReadonlyMap<string, string>>(config)
  for (const [name, section] of keys) all.set(name, new Map([...(config.get(name) ?? []), ...section]))
  return all
}
