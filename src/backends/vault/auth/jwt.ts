import { type AuthMethod, logIn } from './method.ts'
import { readSecretFile, removeSecretFile } from './secret-file.ts'

/** JWT auth with a token from a file. */
export function jwtMethod(config: {
  readonly role: string
  readonly file: string
  readonly removeFile: boolean
  readonly followLinks: boolean
  readonly mount: string
}): AuthMethod {
  return {
    name: 'jwt',
    login: async (client, signal) => {
      const jwt = await readSecretFile(config.file, 'auth.jwt.file')
      const auth = await logIn(client, `auth/${config.mount}/login`, { role: config.role, jwt }, signal)
      if (config.removeFile) await removeSecretFile(config.file, config.followLinks)
      return auth
    },
  }
}
