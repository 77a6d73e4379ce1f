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

/** The fields that steer connection, framing or a hop; '' stands for all others. */
const STEERING = [
  '',
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
]

/** Their numbers by length, so that most names are dismissed at a glance. */
const BY_LENGTH = byLength(STEERING)

function byLength(names: readonly string[]): readonly (readonly number[] | undefined)[] {
  const lists: number[][] = []
  for (const [number, name] of names.entries()) (lists[name.length] ??= []).push(number)
  return lists
}

/** The number of the name from `start` to `end`, if it steers connection, framing or a hop; 0 for any other. */
export function steeringNumber(text: string, start: number, end: number): number {
  const numbers = BY_LENGTH[end - start]
  if (numbers === undefined) return 0
  for (const number of numbers) if (isName(STEERING[number]!, text, start)) return number
  return 0
}

/** In lower case, and the same string each time, so that comparing it costs nothing. */
export function steeringName(number: number): string {
  return STEERING[number]!
}

/** Whether the token at `start` is `lowerName` in any case: no two characters of a token differ in this bit alone, but letters and `^~`. */
function isName(lowerName: string, text: string, start: number): boolean {
  for (let at = 0; at < lowerName.length; at++)
    if ((text.charCodeAt(start + at) | 0x20) !== (lowerName.charCodeAt(at) | 0x20)) return false
  return true
}
