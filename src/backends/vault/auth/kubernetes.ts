import type { VaultAuth } from '../answers.ts'
import { type AuthMethod, logIn } from './method.ts'
import { readSecretFile } from './secret-file.ts'

/** Kubernetes auth: the service account's token, read anew for every login because kubelet renews it. */
export function kubernetesMethod(config: {
  readonly role: string
  readonly tokenFile: string
  readonly mount: string
}): AuthMethod {
  return {
    name: 'kubernetes',
    login: async (client, signal): Promise<VaultAuth> => {
      const jwt = await readSecretFile(config.tokenFile, 'auth.kubernetes.tokenFile')
      return await logIn(client, `auth/${config.mount}/login`, { role: config.role, jwt }, signal)
    },
  }
}
