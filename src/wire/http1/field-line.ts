/** RFC 9110 section 5.6.2: tchar. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 9110 section 5.5: no control characters but HTAB; obs-text is let through as it is. */
export const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Field lines as this codec writes them, one space before the value and none behind it: all of a head in one look. */
export const PLAIN_LINES =
  /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: (?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?\r\n)*$/

/** A head that must not be sent: it would let its caller write other lines than it means (CWE-113). */
export class HeaderInjectionError extends TypeError {
  override readonly name = 'HeaderInjectionError'
}

/** One field as a line with its CR LF. Throws HeaderInjectionError. */
export function fieldLine(name: string, value: string): string {
  if (!TOKEN.test(name))
    throw new HeaderInjectionError(`the header name ${JSON.stringify(name)} is not a token`)
  if (!FIELD_VALUE.test(value))
    throw new HeaderInjectionError(`the value of the header ${name} has control or non-latin1 characters`)
  return `${name}: ${value}\r\n`
}

/** The fields that steer connection, framing or a hop, by their length, so that most names are dismissed at a glance. */
const STEERING: readonly (readonly string[] | undefined)[] = byLength([
  'connection',
  'content-length',
  'content_length',
  'date',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'transfer_encoding',
  'upgrade',
  'via',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
])

function byLength(names: readonly string[]): string[][] {
  const lists: string[][] = []
  for (const name of names) (lists[name.length] ??= []).push(name)
  return lists
}

/**
 * The name in lower case when the field steers connection, framing or a hop; '' for any other. What is given back is
 * the same string each time, so that comparing it costs nothing.
 */
export function steeringName(text: string, start: number, end: number): string {
  const names = STEERING[end - start]
  if (names === undefined) return ''
  const first = text.charCodeAt(start) | 0x20
  for (const name of names)
    if (name.charCodeAt(0) === first && text.slice(start, end).toLowerCase() === name) return name
  return ''
}
