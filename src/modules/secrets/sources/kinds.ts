import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { ageSourceConfig, checkAgeSource } from './age/config.ts'
import { checkAwsSource, secretsManagerSourceConfig, ssmSourceConfig } from './aws/config.ts'
import { checkEnvironmentSource, environmentSourceConfig } from './environment/config.ts'
import { checkFileSource, fileSourceConfig } from './file/config.ts'
import type { SourceHost } from './host.ts'
import { checkHttpSource, httpSourceConfig } from './http/config.ts'
import { checkKubernetesSource, kubernetesSourceConfig } from './kubernetes/config.ts'
import { checkSopsSource, sopsSourceConfig } from './sops/config.ts'
import type { SecretSource } from './source.ts'
import { checkStoreSource, storeSourceConfig } from './store/config.ts'
import { checkTransitSource, transitSourceConfig } from './transit/config.ts'
import { checkVaultSource, vaultSourceConfig } from './vault/config.ts'

/** All kinds of sources: a new one is an entry here and in the functions below, and a folder. */
export const sourceSchema = s.oneOf(
  {
    vault: vaultSourceConfig,
    store: storeSourceConfig,
    transit: transitSourceConfig,
    sops: sopsSourceConfig,
    age: ageSourceConfig,
    kubernetes: kubernetesSourceConfig,
    file: fileSourceConfig,
    environment: environmentSourceConfig,
    secretsManager: secretsManagerSourceConfig,
    ssm: ssmSourceConfig,
    http: httpSourceConfig,
  },
  { about: 'One place that secrets come from.' },
)

export type SourceConfig = Infer<typeof sourceSchema>

/** Rules between the options of one source. Paths begin behind its kind. */
export function checkSource(source: SourceConfig): Problem[] {
  switch (source.kind) {
    case 'vault':
      return checkVaultSource(source.config)
    case 'store':
      return checkStoreSource(source.config)
    case 'transit':
      return checkTransitSource(source.config)
    case 'sops':
      return checkSopsSource(source.config)
    case 'age':
      return checkAgeSource(source.config)
    case 'kubernetes':
      return checkKubernetesSource(source.config)
    case 'file':
      return checkFileSource(source.config)
    case 'environment':
      return checkEnvironmentSource(source.config)
    case 'secretsManager':
    case 'ssm':
      return checkAwsSource(source.config)
    case 'http':
      return checkHttpSource(source.config)
  }
}

/** Opens a source; what it needs is loaded now. Rejects with a message for people. */
export async function openSource(source: SourceConfig, host: SourceHost): Promise<SecretSource> {
  switch (source.kind) {
    case 'vault':
      return (await import('./vault/source.ts')).openVaultSource(source.config, host)
    case 'store':
      return (await import('./store/source.ts')).openStoreSource(source.config, host)
    case 'transit':
      return (await import('./transit/source.ts')).openTransitSource(source.config, host)
    case 'sops':
      return (await import('./sops/source.ts')).openSopsSource(source.config, host)
    case 'age':
      return (await import('./age/source.ts')).openAgeSource(source.config, host)
    case 'kubernetes':
      return (await import('./kubernetes/source.ts')).openKubernetesSource(source.config, host)
    case 'file':
      return (await import('./file/source.ts')).openFileSource(source.config, host)
    case 'environment':
      return (await import('./environment/source.ts')).openEnvironmentSource(source.config, host)
    case 'secretsManager':
      return (await import('./aws/secrets-manager.ts')).openSecretsManagerSource(source.config, host)
    case 'ssm':
      return (await import('./aws/ssm.ts')).openSsmSource(source.config, host)
    case 'http':
      return (await import('./http/source.ts')).openHttpSource(source.config, host)
  }
}
