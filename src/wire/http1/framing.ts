import { Http1Error } from './error.ts'
import { TOKEN } from './field-line.ts'
import type { HeaderList } from './headers.ts'

/** How the end of a body is found (RFC 9112 section 6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until_close' }

const NONE: Framing = { kind: 'none' }
const CHUNKED: Framing = { kind: 'chunked' }
const UNTIL_CLOSE: Framing = { kind: 'until_close' }

/** What the fields that decide over connection and framing say; read in one pass over the head. */
export interface ControlFields {
  host: string | undefined
  hostCount: number
  contentLength: string | undefined
  contentLengthCount: number
  transferEncoding: string | undefined
  transferEncodingCount: number
  /** All Connection lines, lower case, as one comma list. */
  connection: string
  expect: string | undefined
  hasUpgrade: boolean
  keepAlive: string | undefined
}

/** Reads the control fields. */
export function readControlFields(headers: HeaderList): ControlFields {
  const found: ControlFields = {
    host: undefined,
    hostCount: 0,
    contentLength: undefined,
    contentLengthCount: 0,
    transferEncoding: undefined,
    transferEncodingCount: 0,
    connection: '',
    expect: undefined,
    hasUpgrade: false,
    keepAlive: undefined,
  }
  const { size } = headers
  for (let at = 0; at < size; at++) {
    const name = headers.steeringAt(at)
    if (name !== '') note(found, name, headers, at)
  }
  return found
}

function note(found: ControlFields, name: string, headers: HeaderList, at: number): void {
  switch (name) {
    case 'host':
      found.host ??= headers.valueAt(at)
      found.hostCount++
      return
    case 'expect':
      found.expect =
        found.expect === undefined ? headers.valueAt(at) : `${found.expect}, ${headers.valueAt(at)}`
      return
    case 'upgrade':
      found.hasUpgrade = true
      return
    case 'connection': {
      const value = headers.valueAt(at)
      const options = value === 'keep-alive' ? value : value.toLowerCase()
      found.connection = found.connection === '' ? options : `${found.connection},${options}`
      return
    }
    case 'keep-alive':
      found.keepAlive ??= headers.valueAt(at)
      return
    case 'content-length':
      found.contentLength ??= headers.valueAt(at)
      found.contentLengthCount++
      return
    case 'transfer-encoding':
      found.transferEncoding ??= headers.valueAt(at)
      found.transferEncodingCount++
      return
    case 'content_length':
    case 'transfer_encoding':
      // Some back ends read `_` as `-`: the two sides would then disagree about where the body ends.
      throw new Http1Error('ambiguous_header_name')
  }
}

/** The body of a request: none, a length, or chunked. */
export function requestFraming(fields: ControlFields, method: string, minor: 0 | 1): Framing {
  const framing = declaredFraming(fields, minor)
  if (framing === undefined) return NONE
  if (method === 'CONNECT') throw new Http1Error('connect_with_body')
  return framing
}

/**
 * The body of a response to `method`. The framing fields are checked even where the body is empty by definition
 * (HEAD, 1xx, 204, 304, a successful CONNECT), because a proxy hands them on.
 */
export function responseFraming(
  fields: ControlFields,
  method: string,
  status: number,
  minor: 0 | 1,
): Framing {
  const framing = declaredFraming(fields, minor)
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NONE
  if (method === 'CONNECT' && status < 300) return NONE
  return framing ?? UNTIL_CLOSE
}

function declaredFraming(fields: ControlFields, minor: 0 | 1): Framing | undefined {
  if (fields.transferEncodingCount > 0) {
    if (fields.contentLengthCount > 0) throw new Http1Error('length_and_encoding')
    if (minor === 0) throw new Http1Error('encoding_in_http10')
    checkTransferEncoding(fields.transferEncoding!, fields.transferEncodingCount)
    return CHUNKED
  }
  if (fields.contentLengthCount === 0) return undefined
  if (fields.contentLengthCount > 1) throw new Http1Error('duplicate_content_length')
  const length = parseContentLength(fields.contentLength!)
  return length === 0 ? NONE : { kind: 'length', length }
}

/** No sign, space, prefix, list or leading zero (readers of octal exist); at most 2^53 - 1. */
export function parseContentLength(value: string): number {
  const few = fewDigits(value)
  if (few !== -1) return few
  const length = /^(?:0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(length)) throw new Http1Error('bad_content_length')
  return length
}

/** Nine digits at most, without the detours of a pattern and of Number(); -1 for anything else. */
function fewDigits(text: string): number {
  if (text.length === 0 || text.length > 9 || text.charCodeAt(0) === 0x30) return -1
  let value = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

function checkTransferEncoding(value: string, lines: number): void {
  if (lines === 1 && value.toLowerCase() === 'chunked') return
  const codings = value
    .toLowerCase()
    .split(',')
    .map(coding => coding.trim())
  const onlyLast = codings.indexOf('chunked') === codings.length - 1
  const wellFormed =
    lines === 1 && onlyLast && codings.every(coding => TOKEN.test(coding) && coding !== 'identity')
  throw new Http1Error(wellFormed ? 'unsupported_transfer_encoding' : 'bad_transfer_encoding')
}

/** Whether the sender means to go on with this connection (RFC 9112 section 9.3). */
export function isPersistent(fields: ControlFields, minor: 0 | 1): boolean {
  if (fields.connection === '') return minor === 1
  if (fields.connection === 'keep-alive') return true
  const options = fields.connection.split(',').map(option => option.trim())
  if (options.includes('close')) return false
  return minor === 1 || options.includes('keep-alive')
}
