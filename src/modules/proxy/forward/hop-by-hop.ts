import type { HeaderList } from '../../../wire/http1/headers.ts'

/** Fields that end at this hop (RFC 9110 section 7.6.1), or that belong to the connection's other protocols. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** What a sender may not have removed by naming it in Connection: framing, routing, credentials and who the sender is. */
const PROTECTED =
  /^(?:host|content-length|transfer-encoding|te|authorization|cookie|forwarded|via|expect|x-forwarded-.*|x-real-ip|outrigger-.*)$/

/** Whether a field ends at this hop, by what it steers (`HeaderList.steeringAt`) or because Connection lists it. */
export function endsHere(
  headers: HeaderList,
  at: number,
  steering: string,
  listed: ReadonlySet<string> | undefined,
): boolean {
  if (steering !== '' && HOP.has(steering)) return true
  return listed?.has(headers.nameAt(at).toLowerCase()) === true
}

/** The lower-case names that Connection lists besides the usual; undefined when there is none, which is nearly always. */
export function listedNames(headers: HeaderList): ReadonlySet<string> | undefined {
  const connection = headers.combined('connection')
  if (connection === undefined || connection === 'keep-alive') return undefined
  if (/^(?:keep-alive|close|upgrade)$/i.test(connection)) return undefined
  const names = new Set<string>()
  for (const item of connection.toLowerCase().split(',')) {
    const name = item.trim()
    if (name !== '' && !PROTECTED.test(name)) names.add(name)
  }
  return names
}
