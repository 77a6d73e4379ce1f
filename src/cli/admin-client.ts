import { createHttpClient, type HttpClient } from '../http/client/client.ts'
import { systemClock } from '../kernel/clock/system.ts'
import { formatAddress } from '../kernel/config/address.ts'
import type { Address } from '../kernel/module.ts'

/** The host name under which the admin API answers at every address. */
export const ADMIN_HOST = { Host: 'localhost' }

/** A connection to the admin API of a running sidecar. Who asks for it closes it. */
export function adminClient(address: Address): HttpClient {
  const origin = 'path' in address ? { path: address.path } : new URL(`http://${formatAddress(address)}`)
  return createHttpClient({ origin, clock: systemClock() })
}

/** What the admin API says of a request that it did not answer as asked. */
export function errorOf(answer: string): string {
  try {
    return String(JSON.parse(answer).error)
  } catch {
    return answer.slice(0, 200)
  }
}
