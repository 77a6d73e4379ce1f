import type { Secret } from '../../../kernel/config/secret.ts'
import { VaultError } from '../error.ts'
import { type AuthMethod, logIn } from './method.ts'
import { readSecretFile, removeSecretFile } from './secret-file.ts'

/** User name and password. A password whose file was removed is kept for later logins, as long as the process lives. */
export function userpassMethod(config: {
  readonly username: string
  readonly password?: Secret
  readonly passwordFile?: string
  readonly removePasswordFile: boolean
  readonly followLinks: boolean
  readonly mount: string
}): AuthMethod {
  const { username, passwordFile, removePasswordFile, followLinks, mount } = config
  let kept: string | undefined
  const read = async (path: string): Promise<string> => {
    try {
      const password = await readSecretFile(path, 'auth.userpass.passwordFile')
      if (removePasswordFile) kept = password
      return password
    } catch (error) {
      if (kept !== undefined && error instanceof VaultError && error.failure === 'invalid') return kept
      throw error
    }
  }
  return {
    name: 'userpass',
    login: async (client, signal) => {
      const password = config.password?.reveal() ?? (await read(passwordFile!))
      const auth = await logIn(client, `auth/${mount}/login/${username}`, { password }, signal)
      if (removePasswordFile && passwordFile !== undefined) await removeSecretFile(passwordFile, followLinks)
      return auth
    },
  }
}
