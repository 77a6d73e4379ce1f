import { JsonNumber, type LosslessJson } from '../../wire/json/lossless.ts'
import type { VaultAnswer } from './client.ts'
import { VaultError } from './error.ts'

/** Members of answers as what they must be; what is of another kind is as if it were not there. */
export function textIn(
  members: ReadonlyMap<string, LosslessJson> | undefined,
  key: string,
): string | undefined {
  const value = members?.get(key)
  return typeof value === 'string' ? value : undefined
}

/** Seconds until the year 10000: what is more is no time that could be shown, nor a number of uses. */
const LARGEST = 253_402_300_799

export function numberIn(
  members: ReadonlyMap<string, LosslessJson> | undefined,
  key: string,
): number | undefined {
  const value = members?.get(key)
  return value instanceof JsonNumber ? Math.max(-LARGEST, Math.min(LARGEST, Number(value.text))) : undefined
}

export function mapIn(
  members: ReadonlyMap<string, LosslessJson> | undefined,
  key: string,
): ReadonlyMap<string, LosslessJson> | undefined {
  const value = members?.get(key)
  return value instanceof Map ? (value as ReadonlyMap<string, LosslessJson>) : undefined
}

/** What a login gives (HTTP API, `auth` of an answer). */
export interface VaultAuth {
  readonly token: string
  readonly accessor: string | undefined
  /** 0: it has no end. */
  readonly ttlMs: number
  readonly renewable: boolean
  /** A batch token: its leases end with it, and say so themselves. */
  readonly isBatch: boolean
  readonly uses: number
}

/** The `auth` of an answer. Throws a VaultError when there is none. */
export function authIn(answer: VaultAnswer, what: string): VaultAuth {
  const auth = mapIn(answer, 'auth')
  const token = textIn(auth, 'client_token')
  if (auth === undefined || token === undefined)
    throw new VaultError('invalid', `${what}: the answer holds no token; is the mount an auth method?`)
  return {
    token,
    accessor: textIn(auth, 'accessor'),
    ttlMs: (numberIn(auth, 'lease_duration') ?? 0) * 1000,
    renewable: auth.get('renewable') === true,
    isBatch: auth.get('token_type') === 'batch' || auth.get('token_type') === 'default-batch',
    uses: numberIn(auth, 'num_uses') ?? 0,
  }
}
