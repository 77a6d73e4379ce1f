import { watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Secret } from '../../../kernel/config/secret.ts'
import { mapIn, numberIn, textIn, type VaultAuth } from '../answers.ts'
import type { VaultClient } from '../client.ts'
import { VaultError } from '../error.ts'
import type { AuthMethod } from './method.ts'
import { readSecretFile } from './secret-file.ts'

/** A token that somebody else has made; it is asked for what it is before it is used. */
export function givenTokenMethod({ token }: { readonly token: Secret }): AuthMethod {
  return { name: 'token', login: (client, signal) => lookedUp(client, token.reveal(), signal) }
}

/** The same from a file, which may be written anew at any time. */
export function tokenFileMethod({ path }: { readonly path: string }): AuthMethod {
  return {
    name: 'tokenFile',
    login: async (client, signal) =>
      await lookedUp(client, await readSecretFile(path, 'auth.tokenFile.path'), signal),
    watch: changed => {
      try {
        const watcher = watch(dirname(path), { persistent: false }, changed)
        watcher.on('error', () => {})
        return { [Symbol.dispose]: () => watcher.close() }
      } catch {
        // The folder is not there: every login says so.
        return { [Symbol.dispose]: () => {} }
      }
    },
  }
}

async function lookedUp(client: VaultClient, token: string, signal: AbortSignal): Promise<VaultAuth> {
  const answer = await client.request({ method: 'GET', path: 'auth/token/lookup-self', token }, signal)
  const data = mapIn(answer, 'data')
  if (data === undefined) throw new VaultError('invalid', 'the server does not say what the token is')
  return {
    token,
    accessor: textIn(data, 'accessor'),
    ttlMs: (numberIn(data, 'ttl') ?? 0) * 1000,
    renewable: data.get('renewable') === true,
    isBatch: data.get('type') === 'batch',
    uses: numberIn(data, 'num_uses') ?? 0,
  }
}
