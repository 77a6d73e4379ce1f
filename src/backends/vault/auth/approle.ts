import type { Secret } from '../../../kernel/config/secret.ts'
import { mapIn, textIn } from '../answers.ts'
import type { VaultClient } from '../client.ts'
import { VaultError } from '../error.ts'
import { type AuthMethod, logIn } from './method.ts'
import { readSecretFile, removeSecretFile } from './secret-file.ts'

interface AppRoleConfig {
  readonly roleId?: string
  readonly roleIdFile?: string
  readonly secretId?: Secret
  readonly secretIdFile?: string
  readonly removeSecretIdFile: boolean
  readonly wrappingPath?: string
  readonly mount: string
}

/**
 * AppRole auth. A secret id that was read once and removed is kept for later logins, as long as the process lives; the
 * next file that is put there takes its place.
 */
export function approleMethod(config: AppRoleConfig): AuthMethod {
  let kept: string | undefined
  const secretId = async (client: VaultClient, signal: AbortSignal): Promise<string | undefined> => {
    if (config.secretId !== undefined) return config.secretId.reveal()
    if (config.secretIdFile === undefined) return undefined
    try {
      const text = await readSecretFile(config.secretIdFile, 'auth.approle.secretIdFile')
      kept =
        config.wrappingPath === undefined ? text : await unwrapped(client, text, config.wrappingPath, signal)
    } catch (error) {
      if (kept !== undefined && error instanceof VaultError && error.failure === 'invalid') return kept
      throw error
    }
    if (config.removeSecretIdFile) await removeSecretFile(config.secretIdFile, false)
    return kept
  }
  return {
    name: 'approle',
    login: async (client, signal) => {
      const roleId = config.roleId ?? (await readSecretFile(config.roleIdFile!, 'auth.approle.roleIdFile'))
      const body = { role_id: roleId, secret_id: await secretId(client, signal) }
      return await logIn(client, `auth/${config.mount}/login`, body, signal)
    },
  }
}

/** Response wrapping: who made the token is checked first, so that nobody slips in one of another kind. */
async function unwrapped(
  client: VaultClient,
  token: string,
  expectedPath: string,
  signal: AbortSignal,
): Promise<string> {
  const lookup = await client
    .request({ method: 'PUT', path: 'sys/wrapping/lookup', body: new Map([['token', token]]) }, signal)
    .catch((error: unknown) => {
      if (!(error instanceof VaultError) || error.isPassing) throw error
      throw new VaultError(
        'invalid',
        `the wrapping token in auth.approle.secretIdFile has ended or was opened already, perhaps by somebody else, who then has the secret id: revoke it and put a new one there (${error.message})`,
      )
    })
  const path = textIn(mapIn(lookup, 'data'), 'creation_path')
  if (path !== expectedPath)
    throw new VaultError(
      'forbidden',
      `the wrapping token in auth.approle.secretIdFile was made by ${path ?? 'nobody knows what'}, not by ${expectedPath}: somebody may have put it there`,
    )
  const answer = await client.request(
    { method: 'PUT', path: 'sys/wrapping/unwrap', token, body: new Map() },
    signal,
  )
  const secretId = textIn(mapIn(answer, 'data'), 'secret_id')
  if (secretId === undefined) throw new VaultError('invalid', 'the wrapped answer holds no secret_id')
  return secretId
}
