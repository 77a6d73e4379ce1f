import type { EndpointSpec } from './member.ts'

/** Who is to be met at endpoints whose own list does not say so. */
export interface PeerLookup {
  /** False for the short time until a list has come: the endpoints are not used before. */
  readonly ready: boolean
  identityOf(spec: EndpointSpec): string | undefined
  /** Called when answers may be others; gives what ends that. */
  onChange(call: () => void): () => void
}
