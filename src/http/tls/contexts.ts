import type { SecureContext } from 'node:tls'
import type { KeyPair } from './certificate.ts'
import { ServerNames } from './server-names.ts'

/** What an acceptor shows and trusts. Replaced as a whole. */
export interface TlsMaterials {
  /** For clients that ask for no name, or for one that is not in `byName`. */
  readonly fallback?: KeyPair
  /** By name that the client asks for: `shop.example`, `*.shop.example`. */
  readonly byName?: Readonly<Record<string, KeyPair>>
  /** PEM certificates of the authorities that clients are checked against. */
  readonly trustBundle?: string
}

export type MinTlsVersion = 'TLSv1.2' | 'TLSv1.3'

/** Who holds them can read recorded TLS 1.2 traffic and continue any session. */
const TICKET_KEY_BYTES = 48
const TICKET_KEYS_MAX_AGE_MS = 24 * 3600_000
/** How long a client may continue a session without showing its certificate anew. */
const SESSION_LIFETIME_S = 300

/** The keys that sealed sessions are opened with; they live as long as who is trusted does not change. */
export interface TicketKeys {
  readonly keys: Buffer
  readonly madeAtMs: number
  readonly trustBundle: string | undefined
}

/** The contexts of one set of materials. */
export interface Contexts {
  readonly fallback: SecureContext
  readonly hasFallback: boolean
  readonly names: ServerNames<SecureContext>
  readonly tickets: TicketKeys
}

/** Throws TypeError that names the certificate which cannot be used. */
export function createContexts(
  materials: TlsMaterials,
  minVersion: MinTlsVersion,
  tickets: TicketKeys,
): Contexts {
  const { fallback, byName = {}, trustBundle } = materials
  const create = (pair: KeyPair | undefined, what: string): SecureContext => {
    try {
      return process.getBuiltinModule('node:tls').createSecureContext({
        minVersion,
        ticketKeys: tickets.keys,
        sessionIdContext: 'outrigger',
        sessionTimeout: SESSION_LIFETIME_S,
        ...(pair && { cert: pair.chain, key: pair.key }),
        ...(trustBundle !== undefined && { ca: trustBundle }),
      })
    } catch (error) {
      throw new TypeError(`${what} cannot be used for TLS: ${(error as Error).message}`, { cause: error })
    }
  }
  return {
    fallback: create(fallback, 'the certificate, its key or the trust bundle'),
    hasFallback: fallback !== undefined,
    names: new ServerNames(
      Object.entries(byName).map(([name, pair]) => [
        name,
        create(pair, `the certificate or key for ${name}`),
      ]),
    ),
    tickets,
  }
}

/** New keys when the authorities changed, or the old ones have served a day: sessions then begin anew. */
export function ticketKeysFor(
  trustBundle: string | undefined,
  nowMs: number,
  previous?: TicketKeys,
): TicketKeys {
  const keep =
    previous && previous.trustBundle === trustBundle && nowMs - previous.madeAtMs < TICKET_KEYS_MAX_AGE_MS
  if (keep) return previous
  const keys = process.getBuiltinModule('node:crypto').randomBytes(TICKET_KEY_BYTES)
  return { keys, madeAtMs: nowMs, trustBundle }
}
