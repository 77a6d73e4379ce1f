import type { Secret } from '../../../kernel/config/secret.ts'
import { type AuthMethod, logIn } from './method.ts'
import { readSecretFile } from './secret-file.ts'

/** User name and password. */
export function userpassMethod(config: {
  readonly username: string
  readonly password?: Secret
  readonly passwordFile?: string
  readonly mount: string
}): AuthMethod {
  return {
    name: 'userpass',
    login: async (client, signal) => {
      const password =
        config.password?.reveal() ??
        (await readSecretFile(config.passwordFile!, 'auth.userpass.passwordFile'))
      return await logIn(client, `auth/${config.mount}/login/${config.username}`, { password }, signal)
    },
  }
}
