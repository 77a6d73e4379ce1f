import type { VaultClient } from '../../../../backends/vault/client.ts'
import { VaultError } from '../../../../backends/vault/error.ts'
import type { VaultServer } from '../../../../backends/vault/server.ts'
import { SourceFailure, type Upstream } from '../source.ts'

/** The server behind a source, for a proxy in front of it. */
export function vaultUpstream({ client, login }: VaultServer): Upstream {
  return {
    ...strangerUpstream(client),
    token: signal => login.token(signal).catch(failed),
    refused: token => login.refused(token),
  }
}

/** A server that we have no login at: requests bring their own token. */
export function strangerUpstream(client: VaultClient): Upstream {
  return {
    namespace: client.options.namespace,
    refused: async () => false,
    forward: (request, signal) => client.forward(request, signal).catch(failed),
  }
}

function failed(error: unknown): never {
  if (!(error instanceof VaultError)) throw error
  throw new SourceFailure(error.failure, error.message, { cause: error })
}
