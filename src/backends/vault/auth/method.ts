import type { Host } from '../../../kernel/module.ts'
import type { LosslessJson } from '../../../wire/json/lossless.ts'
import { authIn, type VaultAuth } from '../answers.ts'
import type { VaultClient } from '../client.ts'
import { VaultError } from '../error.ts'

/** One way to get a token. Rejects with a VaultError; it tries once. */
export interface AuthMethod {
  /** As it is called in messages: `kubernetes`. */
  readonly name: string
  login(client: VaultClient, signal: AbortSignal): Promise<VaultAuth>
  /** Calls when what it logs in with has changed, so that the present token is another one's. */
  watch?(changed: () => void): Disposable
}

export type AuthHost = Pick<Host, 'clock' | 'env' | 'log' | 'slice'>

/** `POST auth/<mount>/login`. The body must hold what it sends only once, since it is secret. */
export async function logIn(
  client: VaultClient,
  path: string,
  body: Readonly<Record<string, LosslessJson | undefined>>,
  signal: AbortSignal,
): Promise<VaultAuth> {
  const given = Object.entries(body).filter(
    (entry): entry is [string, LosslessJson] => entry[1] !== undefined,
  )
  const answer = await client
    .request({ method: 'PUT', path, body: new Map(given) }, signal)
    .catch((error: unknown) => {
      if (!(error instanceof VaultError) || error.failure !== 'forbidden') throw error
      // Servers do not tell strangers what is mounted: a wrong mount looks like a wrong password.
      const { status, message } = error
      const words = `${message}: the role does not let us in, or no such method is mounted there (option mount)`
      throw new VaultError('forbidden', words, {
        path,
        cause: error,
        ...(status !== undefined && { status }),
      })
    })
  return authIn(answer, path)
}
