import type { LoginConfig } from './config.ts'
import type { AuthHost, AuthMethod } from './method.ts'

/** Opens a method; what it needs is loaded now. `key`: where its options stand, for messages. */
export async function openAuthMethod(auth: LoginConfig, host: AuthHost, key: string): Promise<AuthMethod> {
  switch (auth.kind) {
    case 'kubernetes':
      return (await import('./kubernetes.ts')).kubernetesMethod(auth.config)
    case 'approle':
      return (await import('./approle.ts')).approleMethod(auth.config)
    case 'jwt':
      return (await import('./jwt.ts')).jwtMethod(auth.config)
    case 'cert':
      return (await import('./cert.ts')).certMethod(auth.config)
    case 'tokenFile':
      return (await import('./token.ts')).tokenFileMethod(auth.config)
    case 'token':
      return (await import('./token.ts')).givenTokenMethod(auth.config)
    case 'userpass':
      return (await import('./userpass.ts')).userpassMethod(auth.config)
    case 'aws':
      return (await import('./aws.ts')).awsMethod(auth.config, host, key)
    case 'azure':
      return (await import('./azure.ts')).azureMethod(auth.config, host)
    case 'gcp':
      return (await import('./gcp.ts')).gcpMethod(auth.config, host)
  }
}
