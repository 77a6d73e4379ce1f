import { Http1Error } from './error.ts'

/** The four forms of a request target (RFC 9112 section 3.2). */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk'

export interface Target {
  readonly form: TargetForm
  /** Without the query; '*' for the asterisk form, '' for CONNECT. Not decoded, not normalised. */
  readonly path: string
  /** What follows the first '?', without it; '' when there is none. */
  readonly search: string
  /** Lower case, for the absolute form only; else ''. */
  readonly scheme: string
  /** host or host:port, for the absolute and the authority form; else ''. */
  readonly authority: string
}

/** Visible ASCII without '#' (a fragment is never sent) and '\' (which some readers take for '/'). */
const VISIBLE = /^[\x21\x22\x24-\x5b\x5d-\x7e]+$/
const AUTHORITY = /^(?:[A-Za-z0-9\-._~!$&'()*+;=%]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?$/
/** The usual ones, told without taking them apart. */
const PLAIN_AUTHORITY = /^[A-Za-z0-9\-._~]+(?::(?:[0-9]{1,4}|[1-5][0-9]{4}))?$/
const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)(\/[^?]*)?(?:\?(.*))?$/

/** Whether this is `host` or `host:port` as a Host header carries it: no userinfo, path, list or space. */
export function isAuthority(text: string): boolean {
  if (PLAIN_AUTHORITY.test(text)) return true
  const match = AUTHORITY.exec(text)
  return match !== null && (match[1] === undefined || Number(match[1]) <= 65535)
}

export function parseTarget(target: string, method: string): Target {
  if (!VISIBLE.test(target)) throw new Http1Error('bad_target')
  if (method === 'CONNECT') return authorityForm(target)
  if (target.charCodeAt(0) === 0x2f) return originForm(target)
  if (target === '*' && method === 'OPTIONS')
    return { form: 'asterisk', path: '*', search: '', scheme: '', authority: '' }
  return absoluteForm(target)
}

function originForm(target: string): Target {
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const search = mark === -1 ? '' : target.slice(mark + 1)
  return { form: 'origin', path, search, scheme: '', authority: '' }
}

function absoluteForm(target: string): Target {
  const match = ABSOLUTE.exec(target)
  if (match === null || !isAuthority(match[2]!)) throw new Http1Error('bad_target')
  const scheme = match[1]!.toLowerCase()
  if (scheme !== 'http' && scheme !== 'https') throw new Http1Error('bad_target')
  return { form: 'absolute', path: match[3] ?? '/', search: match[4] ?? '', scheme, authority: match[2]! }
}

function authorityForm(target: string): Target {
  if (!isAuthority(target) || !/:[0-9]+$/.test(target)) throw new Http1Error('bad_target')
  return { form: 'authority', path: '', search: '', scheme: '', authority: target }
}
