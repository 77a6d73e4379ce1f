import { Http1Error } from './error.ts'
import { TOKEN } from './field-line.ts'
import { parseFields } from './fields.ts'
import { type Framing, isPersistent, readControlFields, requestFraming, responseFraming } from './framing.ts'
import type { HeaderList } from './headers.ts'
import type { HeadLimits } from './limits.ts'
import { isAuthority, parseTarget, type TargetForm } from './target.ts'

export interface RequestHead {
  readonly method: string
  /** As sent. */
  readonly target: string
  readonly form: TargetForm
  /** Not decoded, not normalised; '*' for `OPTIONS *`, '' for CONNECT. */
  readonly path: string
  /** The query without '?'. */
  readonly search: string
  /** host or host:port that the request is for: the target's when it names one, else the Host header's, else ''. */
  readonly authority: string
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: 0 | 1
  readonly headers: HeaderList
  readonly framing: Framing
  /** The sender means to go on with the connection. */
  readonly persistent: boolean
  /** The sender waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
  /** Asks for another protocol: an Upgrade field that Connection names (ignored in HTTP/1.0). */
  readonly upgrade: boolean
}

export interface ResponseHead {
  readonly status: number
  readonly statusText: string
  readonly minor: 0 | 1
  readonly headers: HeaderList
  readonly framing: Framing
  readonly persistent: boolean
  /** The value of Keep-Alive. */
  readonly keepAlive: string | undefined
}

/**
 * Reads a request head by RFC 9112 without any of its allowed leniencies.
 * `text` is latin1, begins at the request line and ends with the CR LF of the last field line.
 */
export function parseRequestHead(text: string, limits: HeadLimits): RequestHead {
  const lineEnd = text.indexOf('\r\n')
  if (lineEnd > limits.maxStartLineBytes) throw new Http1Error('target_too_long')
  const methodEnd = text.indexOf(' ')
  const targetEnd = text.indexOf(' ', methodEnd + 1)
  if (methodEnd <= 0 || methodEnd > lineEnd) throw new Http1Error('bad_request_line')
  const method = text.startsWith('GET ') ? 'GET' : text.slice(0, methodEnd)
  if (method !== 'GET' && !TOKEN.test(method)) throw new Http1Error('bad_method')
  if (targetEnd === -1 || targetEnd > lineEnd) throw new Http1Error('bad_version')
  if (targetEnd === methodEnd + 1) throw new Http1Error('bad_request_line')
  const usual = text.startsWith(' HTTP/1.1\r\n', targetEnd)
  const minor = usual ? 1 : parseVersion(text.slice(targetEnd + 1, lineEnd))
  const target = text.slice(methodEnd + 1, targetEnd)
  const { form, path, search, authority } = parseTarget(target, method)
  const headers = parseFields(text, lineEnd + 2, limits.maxHeaders)

  const fields = readControlFields(headers)
  const host = checkHost(fields.host, fields.hostCount, minor)
  return {
    method,
    target,
    form,
    path,
    search,
    authority: authority === '' ? host : authority,
    minor,
    headers,
    framing: requestFraming(fields, method, minor),
    persistent: isPersistent(fields, minor),
    expectsContinue: fields.expect !== undefined && expectsContinue(fields.expect, minor),
    upgrade: fields.hasUpgrade && minor === 1 && headers.lists('connection', 'upgrade'),
  }
}

/** Reads a response head as strictly; `method` is that of the request it answers. Throws Http1Error. */
export function parseResponseHead(text: string, method: string, limits: HeadLimits): ResponseHead {
  const lineEnd = text.indexOf('\r\n')
  if (lineEnd > limits.maxStartLineBytes) throw new Http1Error('head_too_large')
  const line = text.slice(0, lineEnd)
  if (line !== 'HTTP/1.1 200 OK' && !STATUS_LINE.test(line)) throw new Http1Error('bad_status_line')
  const minor = line.startsWith('HTTP/1.1') ? 1 : parseVersion(line.slice(0, 8))
  const status = digitAt(line, 9) * 100 + digitAt(line, 10) * 10 + digitAt(line, 11)
  const headers = parseFields(text, lineEnd + 2, limits.maxHeaders)
  const fields = readControlFields(headers)
  const framing = responseFraming(fields, method, status, minor)
  const persistent = framing.kind !== 'until_close' && isPersistent(fields, minor)
  return {
    status,
    statusText: line.slice(13),
    minor,
    headers,
    framing,
    persistent,
    keepAlive: fields.keepAlive,
  }
}

/** The space before an empty reason phrase is often left out; nothing can be smuggled through that. */
const STATUS_LINE = /^HTTP\/[0-9]\.[0-9] [1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?$/

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 0x30
}

function parseVersion(version: string): 0 | 1 {
  if (version === 'HTTP/1.1') return 1
  if (version === 'HTTP/1.0') return 0
  throw new Http1Error(/^HTTP\/[0-9]\.[0-9]$/.test(version) ? 'unsupported_version' : 'bad_version')
}

function checkHost(host: string | undefined, count: number, minor: 0 | 1): string {
  if (count > 1) throw new Http1Error('duplicate_host')
  if (host === undefined) {
    if (minor === 1) throw new Http1Error('missing_host')
    return ''
  }
  if (!isAuthority(host)) throw new Http1Error('bad_host')
  return host
}

function expectsContinue(expect: string, minor: 0 | 1): boolean {
  if (expect.toLowerCase() !== '100-continue') throw new Http1Error('unsupported_expectation')
  return minor === 1
}
