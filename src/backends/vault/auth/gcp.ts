import { createPrivateKey, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { VaultError } from '../error.ts'
import { askMetadata, memberOf } from './metadata.ts'
import { type AuthHost, type AuthMethod, logIn } from './method.ts'

export interface GcpConfig {
  readonly role: string
  readonly credentialsFile?: string
  readonly lifetimeMs: number
  readonly metadataUrl: string
  readonly mount: string
}

const METADATA = 'the metadata service of Google Cloud'

/**
 * Google Cloud auth: by the identity of the machine or pod (type gce), or with the key of a service account by a token that
 * we sign with it (type iam).
 */
export function gcpMethod(config: GcpConfig, host: AuthHost): AuthMethod {
  const { role, mount, credentialsFile } = config
  return {
    name: 'gcp',
    login: async (client, signal) => {
      const jwt =
        credentialsFile === undefined
          ? await identityOfMachine(config, host, signal)
          : await signedByKey(credentialsFile, config, host)
      return await logIn(client, `auth/${mount}/login`, { role, jwt }, signal)
    },
  }
}

/** "Verifying VM identity": a token of the machine for an audience of our choice. */
async function identityOfMachine(
  { role, metadataUrl }: GcpConfig,
  { clock, env }: AuthHost,
  signal: AbortSignal,
): Promise<string> {
  const given = env['GCE_METADATA_HOST']
  const url = new URL(
    '/computeMetadata/v1/instance/service-accounts/default/identity',
    given ? `http://${given}` : metadataUrl,
  )
  url.search = String(new URLSearchParams({ audience: `http://vault/${role}`, format: 'full' }))
  return (
    await askMetadata({ name: METADATA, url, headers: { 'metadata-flavor': 'Google' } }, clock, signal)
  ).trim()
}

/** A JSON Web Token for the role (Vault's Google Cloud auth method, "IAM login"), RS256. */
async function signedByKey(
  path: string,
  { role, lifetimeMs }: GcpConfig,
  { clock }: AuthHost,
): Promise<string> {
  const where = `auth.gcp.credentialsFile ${path}`
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new VaultError(
      'invalid',
      `${where}: ${error.code === 'ENOENT' ? 'there is no such file' : error.code}`,
    )
  })
  const member = (key: string) => {
    try {
      return memberOf(text, [key], where)
    } catch (error) {
      throw new VaultError('invalid', `${(error as Error).message}; it is to be the key of a service account`)
    }
  }
  const email = member('client_email')
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const expiry = Math.floor((clock.now() + lifetimeMs) / 1000)
  const toSign = `${encoded({ alg: 'RS256', typ: 'JWT', kid: member('private_key_id') })}.${encoded({ sub: email, aud: `vault/${role}`, exp: expiry })}`
  try {
    const signature = sign('sha256', Buffer.from(toSign), createPrivateKey(member('private_key')))
    return `${toSign}.${signature.toString('base64url')}`
  } catch (error) {
    if (error instanceof VaultError) throw error
    throw new VaultError('invalid', `${where}: private_key is no key in PEM form`)
  }
}
