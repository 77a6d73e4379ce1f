import { containerSource } from './container.ts'
import { type AwsCredentials, type CredentialSource, Credentials, CredentialsError } from './credentials.ts'
import { metadataSource } from './metadata.ts'
import { profileSource } from './profiles.ts'
import { assumeRole, type StsOptions, webIdentitySource } from './sts.ts'
import type { AwsWorld } from './world.ts'

export interface CredentialsOptions extends AwsWorld {
  /** From our configuration: comes before all else. */
  readonly fixed?: AwsCredentials
  /** A profile of the shared files; AWS_PROFILE or `default` unless given. With it no other place counts. */
  readonly profile?: string
  /** Where the token service is asked; its region's own endpoint unless given. */
  readonly sts: StsOptions
  /** The role to take on with what was found. */
  readonly role?: { readonly arn: string; readonly externalId?: string; readonly sessionName: string }
}

/**
 * The places in the order in which AWS's own tools look: configuration, environment, shared files, the token of a
 * service account, the container's endpoint, the instance's metadata.
 */
export function credentialSources(options: CredentialsOptions): CredentialSource[] {
  const { fixed, profile, env, sts, role } = options
  const found: CredentialSource[] = fixed
    ? [{ name: 'the configuration', load: async () => fixed }]
    : profile !== undefined
      ? [profileSource(profile, options, sts)]
      : [
          { name: 'the environment', load: async () => fromEnvironment(env) },
          profileSource(env['AWS_PROFILE'] || 'default', options, sts),
          webIdentitySource(options, sts),
          containerSource(options),
          metadataSource(options),
        ]
  if (!role) return found
  const base = new Credentials(found, options.now)
  const load = async () => await assumeRole({ ...role, credentials: await base.get() }, options, sts)
  return [{ name: `role ${role.arn}`, load }]
}

function fromEnvironment(env: AwsWorld['env']): AwsCredentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY']
  if (!accessKeyId && !secretAccessKey) return undefined
  if (!accessKeyId) throw new CredentialsError('AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not')
  if (!secretAccessKey)
    throw new CredentialsError('AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not')
  const sessionToken = env['AWS_SESSION_TOKEN']
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}
