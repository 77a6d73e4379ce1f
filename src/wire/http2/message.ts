import { isForbiddenTrailer } from '../http1/chunked.ts'
import { Http1Error } from '../http1/error.ts'
import { FIELD_VALUE } from '../http1/field-line.ts'
import { type Framing, parseContentLength } from '../http1/framing.ts'
import type { RequestHead } from '../http1/head.ts'
import { HeaderList } from '../http1/headers.ts'
import type { HeadLimits } from '../http1/limits.ts'
import { isAuthority, parseTarget } from '../http1/target.ts'

/** A malformed message (RFC 9113 section 8.1.1): its stream ends with PROTOCOL_ERROR, the connection goes on. */
export class MessageFault extends Error {
  override readonly name = 'MessageFault'
  /** Stable, for logs and metrics. */
  readonly reason = 'http2_malformed_message'
}

/** The same shape as HTTP/1.1's, so that one handler serves both; `host` is among the headers, cookies are joined. */
export interface Http2RequestHead extends RequestHead {
  /** '' for a plain CONNECT. */
  readonly scheme: string
  /** Of an extended CONNECT (RFC 8441): `websocket`. */
  readonly protocol: string | undefined
}

export interface Http2ResponseHead {
  readonly status: number
  readonly headers: HeaderList
  /** undefined when it was not told. */
  readonly contentLength: number | undefined
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const STATUS = /^[1-9][0-9]{2}$/

/** RFC 9113 section 8.2.2, and the spellings that some back ends read as framing. */
const FORBIDDEN = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'content_length',
  'transfer_encoding',
])

interface Pseudo {
  method: string | undefined
  scheme: string | undefined
  authority: string | undefined
  path: string | undefined
  protocol: string | undefined
  status: string | undefined
}

interface Fields {
  readonly pseudo: Pseudo
  readonly headers: HeaderList
  host: string | undefined
  contentLength: number | undefined
  expect: string | undefined
}

/**
 * Reads the field list of a request by RFC 9113 section 8.3.1 and RFC 8441. `endStream`: no body follows.
 * Throws MessageFault, or Http1Error for what is answered with a status (414, 417, 431).
 */
export function readRequest(
  list: readonly string[],
  endStream: boolean,
  limits: HeadLimits,
): Http2RequestHead {
  const fields = readFields(list)
  const { pseudo, headers } = fields
  if (pseudo.status !== undefined) throw new MessageFault(':status in a request')
  const method = pseudo.method
  if (method === undefined || !METHOD.test(method)) throw new MessageFault(':method is missing or no token')
  const authority = readAuthority(pseudo.authority, fields.host)
  const target = readTarget(pseudo, method, authority, limits)
  if (pseudo.authority !== undefined && fields.host === undefined) headers.raw.unshift('host', authority)
  if (headers.size > limits.maxHeaders) throw new Http1Error('too_many_headers')
  if (endStream && (fields.contentLength ?? 0) > 0) throw new MessageFault('content-length without a body')
  return {
    method,
    ...target,
    authority,
    minor: 1,
    headers,
    framing: requestFraming(endStream, fields.contentLength),
    persistent: true,
    expectsContinue: fields.expect !== undefined && expectsContinue(fields.expect),
    upgrade: false,
    protocol: pseudo.protocol,
  }
}

/** Reads the field list of a response (RFC 9113 section 8.3.2), interim ones too. Throws MessageFault. */
export function readResponse(list: readonly string[]): Http2ResponseHead {
  const { pseudo, headers, contentLength } = readFields(list)
  const { status, method, scheme, authority, path, protocol } = pseudo
  if ((method ?? scheme ?? authority ?? path ?? protocol) !== undefined)
    throw new MessageFault('a pseudo-header of requests in a response')
  if (status === undefined || !STATUS.test(status)) throw new MessageFault(':status is missing or no status')
  // RFC 9113 section 8.6: HTTP/2 knows no upgrade.
  if (status === '101') throw new MessageFault('101 Switching Protocols, which HTTP/2 does not have')
  return { status: Number(status), headers, contentLength }
}

/** Reads trailers; undefined when none is left. Fields that may not stand there are dropped (RFC 9110 section 6.5.1). */
export function readTrailers(list: readonly string[]): HeaderList | undefined {
  const kept: string[] = []
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at]!
    const value = list[at + 1]!
    checkField(name, value)
    if (name === 'content-length') throw new MessageFault('content-length in trailers')
    if (!isForbiddenTrailer(name)) kept.push(name, value)
  }
  return kept.length === 0 ? undefined : new HeaderList(kept)
}

function readFields(list: readonly string[]): Fields {
  const raw: string[] = []
  const fields: Fields = {
    pseudo: {
      method: undefined,
      scheme: undefined,
      authority: undefined,
      path: undefined,
      protocol: undefined,
      status: undefined,
    },
    headers: new HeaderList(raw),
    host: undefined,
    contentLength: undefined,
    expect: undefined,
  }
  let cookieAt = -1
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at]!
    const value = list[at + 1]!
    if (name.charCodeAt(0) === 0x3a) {
      if (raw.length > 0) throw new MessageFault('a pseudo-header after a header')
      readPseudo(fields.pseudo, name, value)
      continue
    }
    checkField(name, value)
    // RFC 9113 section 8.2.3: crumbs become one field before they meet anything that is not HTTP/2.
    if (name === 'cookie' && cookieAt !== -1) {
      raw[cookieAt] += `; ${value}`
      continue
    }
    if (name.length === 14 || name.length === 6 || name.length === 4) {
      if (name === 'cookie') cookieAt = raw.length + 1
      else noteControl(fields, name, value)
    }
    raw.push(name, value)
  }
  return fields
}

function readPseudo(pseudo: Pseudo, name: string, value: string): void {
  const key = name.slice(1) as keyof Pseudo
  if (!Object.hasOwn(pseudo, key)) throw new MessageFault('an unknown pseudo-header')
  if (pseudo[key] !== undefined) throw new MessageFault(`${name} comes twice`)
  pseudo[key] = value
}

function checkField(name: string, value: string): void {
  if (!NAME.test(name)) throw new MessageFault('a field name is not a lower-case token')
  if (FORBIDDEN.has(name)) throw new MessageFault(`${name} does not exist in HTTP/2`)
  if (!FIELD_VALUE.test(value)) throw new MessageFault('a field value has control characters')
  if (value !== '' && (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1))))
    throw new MessageFault('a field value begins or ends with a space')
  if (name === 'te' && value !== 'trailers') throw new MessageFault('te is not "trailers"')
}

function noteControl(fields: Fields, name: string, value: string): void {
  if (name === 'host') {
    if (fields.host !== undefined) throw new MessageFault('more than one host')
    fields.host = value
  } else if (name === 'expect')
    fields.expect = fields.expect === undefined ? value : `${fields.expect}, ${value}`
  else if (name === 'content-length') {
    if (fields.contentLength !== undefined) throw new MessageFault('more than one content-length')
    fields.contentLength = readLength(value)
  }
}

function readLength(value: string): number {
  try {
    return parseContentLength(value)
  } catch (error) {
    throw new MessageFault('content-length is not a plain decimal number', { cause: error })
  }
}

function readAuthority(authority: string | undefined, host: string | undefined): string {
  const name = authority ?? host
  if (name === undefined || !isAuthority(name))
    throw new MessageFault(':authority is missing or not host:port')
  if (host !== undefined && host.toLowerCase() !== name.toLowerCase())
    throw new MessageFault(':authority and host differ')
  return name
}

function readTarget(
  pseudo: Pseudo,
  method: string,
  authority: string,
  limits: HeadLimits,
): Pick<Http2RequestHead, 'target' | 'form' | 'path' | 'search' | 'scheme'> {
  const { scheme, path, protocol } = pseudo
  if (method === 'CONNECT' && protocol === undefined) {
    if (scheme !== undefined || path !== undefined || pseudo.authority === undefined)
      throw new MessageFault('CONNECT with other pseudo-headers than :authority')
    return { target: authority, form: 'authority', path: '', search: '', scheme: '' }
  }
  if (protocol !== undefined && (method !== 'CONNECT' || !METHOD.test(protocol)))
    throw new MessageFault(':protocol without CONNECT, or no token')
  if (scheme === undefined || !SCHEME.test(scheme)) throw new MessageFault(':scheme is missing or no scheme')
  if (path === undefined) throw new MessageFault(':path is missing')
  if (path.length > limits.maxStartLineBytes) throw new Http1Error('target_too_long')
  const { form, path: plain, search } = readPath(path, method)
  return { target: path, form, path: plain, search, scheme: scheme.toLowerCase() }
}

function readPath(path: string, method: string) {
  try {
    // An extended CONNECT has a path like any other method.
    const target = parseTarget(path, method === 'CONNECT' ? 'GET' : method)
    if (target.form === 'origin' || target.form === 'asterisk') return target
  } catch (error) {
    if (!(error instanceof Http1Error)) throw error
  }
  throw new MessageFault(':path is not a path')
}

function requestFraming(endStream: boolean, contentLength: number | undefined): Framing {
  if (endStream) return { kind: 'none' }
  return contentLength === undefined ? { kind: 'chunked' } : { kind: 'length', length: contentLength }
}

function expectsContinue(expect: string): boolean {
  if (expect.toLowerCase() !== '100-continue') throw new Http1Error('unsupported_expectation')
  return true
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
