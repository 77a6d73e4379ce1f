import { mapIn } from '../../../../backends/vault/answers.ts'
import { VaultError } from '../../../../backends/vault/error.ts'
import type { VaultServer } from '../../../../backends/vault/server.ts'
import type { LosslessJson } from '../../../../wire/json/lossless.ts'
import { SourceFailure, type TokenSource } from '../source.ts'

/** Of a wrapping token Vault tells these, in this order; what it leaves out is empty. */
const WRAP_MEMBERS = ['token', 'accessor', 'ttl', 'creation_time', 'creation_path', 'wrapped_accessor']

/** The token that a login keeps, for those that hand it on. */
export function vaultTokens({ client, login }: VaultServer): TokenSource {
  return {
    follow(call) {
      if (login.held !== undefined) call(login.held.token)
      return login.listen({ onToken: ({ token }) => call(token) })
    },
    async wrap(token, ttlMs, signal) {
      const body = new Map([['token', token]])
      const wrapTtl = `${Math.round(ttlMs / 1000)}s`
      try {
        const answer = await client.request(
          { method: 'PUT', path: 'sys/wrapping/wrap', token, body, wrapTtl },
          signal,
        )
        const info = mapIn(answer, 'wrap_info')
        if (info?.get('token') === undefined)
          throw new SourceFailure('invalid', 'sys/wrapping/wrap: the answer is not wrapped')
        return new Map<string, LosslessJson>(WRAP_MEMBERS.map(key => [key, info.get(key) ?? '']))
      } catch (error) {
        if (!(error instanceof VaultError)) throw error
        throw new SourceFailure(error.failure, error.message, { cause: error })
      }
    },
  }
}
