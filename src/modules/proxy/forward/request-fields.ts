import type { TlsPeer } from '../../../http/tls/acceptor.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import { type ClientCertMode, keepsClientCert, tellsClientCert } from '../tls/client-cert.ts'
import { endsHere, listedNames } from './hop-by-hop.ts'

/**
 * What the backend hears of the client. append: its address joins X-Forwarded-For, and X-Forwarded-Proto and -Host are
 * set where they are missing; replace: only what this hop knows; keep: nothing is touched.
 */
export type ForwardedMode = 'append' | 'replace' | 'keep'

export interface RequestHop {
  readonly forwarded: ForwardedMode
  readonly clientCert: ClientCertMode
  /** Names with an underscore do not go on. */
  readonly dropsUnderscores?: boolean
  /** The line that this hop adds to Via: `1.1 token`; undefined: none. */
  readonly via: string | undefined
}

const TRAILERS = /(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i

export interface RequestMessage {
  readonly headers: HeaderList
  /** What the backend is asked for, and what the client asked for. */
  readonly host: string
  readonly askedHost: string
  readonly peerAddress: string
  /** Who the client is by the TLS handshake; undefined on a plain connection. */
  readonly tls: TlsPeer | undefined
  /** The protocol that is asked for and will be passed on. */
  readonly upgrade: string | undefined
  readonly chunked: boolean
}

/** The fields of a request as it goes on, in the order and case in which they came; Host first. */
export function requestFields(message: RequestMessage, hop: RequestHop): HeaderList {
  const { headers, host, peerAddress } = message
  const listed = listedNames(headers)
  const { size } = headers
  // The one value that a rule may have written.
  const fields = headers.likewise()
  fields.append('Host', host)
  let copied = 0
  let forwardedFor = ''
  let hasProto = hop.forwarded === 'keep'
  let hasHost = hasProto
  let via = ''
  let clientCert = ''
  let takesTrailers = false
  for (let at = 0; at < size; at++) {
    let trailers = false
    const steering = headers.steeringAt(at)
    switch (steering) {
      case 'host':
        break
      case 'x-forwarded-client-cert':
        if (keepsClientCert(hop.clientCert, message.tls?.certified === true)) {
          if (hop.clientCert !== 'append_forward') continue
          clientCert = clientCert === '' ? headers.valueAt(at) : `${clientCert},${headers.valueAt(at)}`
        }
        break
      case 'te':
        // RFC 9113 section 8.2.2 and gRPC: the one value that says something to the other end.
        trailers = TRAILERS.test(headers.valueAt(at))
        takesTrailers ||= trailers
        break
      case 'via':
        if (hop.via === undefined) continue
        via = joined(via, headers.valueAt(at))
        break
      case 'x-forwarded-for':
        if (hop.forwarded === 'keep') continue
        if (hop.forwarded === 'append') forwardedFor = joined(forwardedFor, headers.valueAt(at))
        break
      case 'x-forwarded-proto':
        if (hop.forwarded === 'replace') break
        hasProto = true
        continue
      case 'x-forwarded-host':
        if (hop.forwarded === 'replace') break
        hasHost = true
        continue
      case 'forwarded':
        if (hop.forwarded === 'replace') break
        continue
      default:
        if (endsHere(headers, at, steering, listed)) break
        if (hop.dropsUnderscores !== true || !headers.nameAt(at).includes('_')) continue
    }
    fields.copy(headers, copied, at)
    if (trailers) fields.add(headers.nameAt(at), 'trailers')
    copied = at + 1
  }
  fields.copy(headers, copied, size)
  if (hop.forwarded !== 'keep') fields.add('X-Forwarded-For', joined(forwardedFor, peerAddress))
  if (!hasProto) fields.add('X-Forwarded-Proto', schemeOf(message.tls))
  if (!hasHost) fields.add('X-Forwarded-Host', message.askedHost)
  if (hop.via !== undefined) fields.add('Via', joined(via, hop.via))
  const told = message.tls?.description
  if (told !== undefined && tellsClientCert(hop.clientCert))
    fields.append('X-Forwarded-Client-Cert', clientCert === '' ? told : `${clientCert},${told}`)
  // RFC 9110 section 10.1.4: TE is of this connection, and says so.
  if (takesTrailers) fields.add('Connection', 'TE')
  if (message.chunked) fields.add('Transfer-Encoding', 'chunked')
  if (message.upgrade !== undefined) {
    fields.add('Connection', 'upgrade')
    fields.add('Upgrade', message.upgrade)
  }
  return fields
}

function joined(list: string, item: string): string {
  return list === '' ? item : `${list}, ${item}`
}

export function schemeOf(tls: TlsPeer | undefined): 'http' | 'https' {
  return tls === undefined ? 'http' : 'https'
}

/** Whether the request has been here before: its Via names this hop. */
export function hasPassed(headers: HeaderList, hop: RequestHop): boolean {
  if (hop.via === undefined) return false
  const token = hop.via.slice(4)
  const via = headers.combined('via')?.split(',') ?? []
  return via.some(item => item.trim().split(/[ \t]+/)[1] === token)
}

/** Whether a name has an underscore, which many applications take for a hyphen. */
export function hasUnderscores(headers: HeaderList): boolean {
  for (let at = 0; at < headers.size; at++) if (headers.nameAt(at).includes('_')) return true
  return false
}
