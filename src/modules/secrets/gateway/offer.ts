import type { Handler } from '../../../http/server/server.ts'
import type { SecretOffer } from '../../../kernel/secret-offer.ts'

/** What a proxy in front of a Vault source does. */
export interface GatewayOptions {
  /** The source's own token for requests: never, for those without one, or for all. */
  readonly useOwnToken: 'never' | 'missing' | 'always'
  /** Keep answers with leases and tokens, and renew these, while they live. */
  readonly cache: boolean
  /** Put the source's namespace before that of a request. */
  readonly prependNamespace: boolean
}

/** A proxy in front of the first source that is a Vault server. */
export interface Gateway {
  readonly handle: Handler
  /** Forgets answers; false when the wish is not understood. */
  clear(wish: ClearWish): boolean
}

/** What is to be forgotten, in the words of Vault Agent's `/agent/v1/cache-clear`. */
export interface ClearWish {
  readonly type: string
  readonly value: string
  readonly namespace: string
}

/** What the secrets module offers to others. */
export interface SecretsOffer extends SecretOffer {
  /** One for all that ask with the same options. */
  gateway(options: GatewayOptions): Promise<Gateway>
}
