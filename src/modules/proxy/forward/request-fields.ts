import { HeaderList } from '../../../wire/http1/headers.ts'
import { isHopByHop, listedNames } from './hop-by-hop.ts'

/**
 * What the backend hears of the client. append: its address joins X-Forwarded-For, and X-Forwarded-Proto and -Host are
 * set where they are missing; replace: only what this hop knows; keep: nothing is touched.
 */
export type ForwardedMode = 'append' | 'replace' | 'keep'

export interface RequestHop {
  readonly forwarded: ForwardedMode
  readonly scheme: 'http' | 'https'
  /** The line that this hop adds to Via: `1.1 token`; undefined: none. */
  readonly via: string | undefined
}

export interface RequestMessage {
  readonly headers: HeaderList
  readonly host: string
  readonly peerAddress: string
  /** The protocol that is asked for and will be passed on. */
  readonly upgrade: string | undefined
  readonly chunked: boolean
}

/** The fields of a request as it goes on, in the order and case in which they came; Host first. */
export function requestFields(message: RequestMessage, hop: RequestHop): HeaderList {
  const { headers } = message
  const listed = listedNames(headers)
  const from = headers.raw
  const raw: string[] = ['Host', message.host]
  let forwardedFor = ''
  let hasProto = hop.forwarded === 'keep'
  let hasHost = hasProto
  let via = ''
  for (let at = 0; at < from.length; at += 2) {
    const name = from[at]!
    const value = from[at + 1]!
    const lower = name.toLowerCase()
    switch (lower) {
      case 'host':
      case 'x-forwarded-client-cert':
        continue
      case 'te':
        // RFC 9113 section 8.2.2 and gRPC: the one value that says something to the other end.
        if (/(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i.test(value)) raw.push(name, 'trailers')
        continue
      case 'via':
        if (hop.via === undefined) break
        via = via === '' ? value : `${via}, ${value}`
        continue
      case 'x-forwarded-for':
        if (hop.forwarded === 'keep') break
        if (hop.forwarded === 'append')
          forwardedFor = forwardedFor === '' ? value : `${forwardedFor}, ${value}`
        continue
      case 'x-forwarded-proto':
        if (hop.forwarded === 'replace') continue
        hasProto = true
        break
      case 'x-forwarded-host':
        if (hop.forwarded === 'replace') continue
        hasHost = true
        break
      case 'forwarded':
        if (hop.forwarded === 'replace') continue
        break
      default:
        if (isHopByHop(lower) || listed?.has(lower)) continue
    }
    raw.push(name, value)
  }
  if (hop.forwarded !== 'keep') {
    const { peerAddress } = message
    raw.push('X-Forwarded-For', forwardedFor === '' ? peerAddress : `${forwardedFor}, ${peerAddress}`)
  }
  if (!hasProto) raw.push('X-Forwarded-Proto', hop.scheme)
  if (!hasHost) raw.push('X-Forwarded-Host', message.host)
  if (hop.via !== undefined) raw.push('Via', via === '' ? hop.via : `${via}, ${hop.via}`)
  if (message.chunked) raw.push('Transfer-Encoding', 'chunked')
  if (message.upgrade !== undefined) raw.push('Connection', 'upgrade', 'Upgrade', message.upgrade)
  return new HeaderList(raw)
}

/** Whether the request has been here before: its Via names this hop. */
export function hasPassed(headers: HeaderList, hop: RequestHop): boolean {
  if (hop.via === undefined) return false
  const token = hop.via.slice(4)
  const via = headers.combined('via')?.split(',') ?? []
  return via.some(item => item.trim().split(/[ \t]+/)[1] === token)
}
