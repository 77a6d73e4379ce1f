import type { HeaderList } from '../../wire/http1/headers.ts'

/** A request as routes, limits and access rules see it: normalised once, and forwarded in that form. */
export interface RequestView {
  readonly method: string
  /** The path alone, percent-encoding and dot segments normalised. */
  readonly path: string
  /** Behind the `?`, undecoded; empty when there is none. */
  readonly search: string
  /** The host that is asked for: lower case, without port and trailing dot. */
  readonly host: string
  /** The port that the authority names, or the listener's. */
  readonly port: number
  readonly headers: HeaderList
  /** What a client of TLS asks for by SNI; empty where it names nothing. */
  readonly serverName?: string | undefined
  readonly peer: Peer
  /** The audit rules that it meets, for the log; there where it meets any. */
  readonly audits?: readonly string[]
}

/** Who sends the request. */
export interface Peer {
  /** IP address, or `unix`. */
  readonly address: string
  /** The SPIFFE URI of a verified client certificate. */
  readonly identity?: string
}
