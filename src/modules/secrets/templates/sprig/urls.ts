import { kindOf, stringIn, type Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed } from '../functions/define.ts'
import { dictOf } from './convert.ts'

/** Addresses in parts, and parts as an address. Errors do not show the address, which may hold a password. */
export const URLS: Family = [
  fixed('urlParse', ['string'], (text: string) => new Map<Value, Value>(Object.entries(urlParts(text)))),
  fixed('urlJoin', ['any'], (dict: Value) => joined(dictOf(dict))),
]

/** By RFC 3986, appendix B, with what net/url tells apart. */
function urlParts(text: string) {
  const [beforeFragment, fragment = ''] = cut(text, '#')
  const [, scheme = '', afterScheme = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(beforeFragment)!
  if (/[\x00-\x1f\x7f]/.test(text)) throw new Error('unable to parse url: invalid control character in URL')
  if (afterScheme.startsWith(':')) throw new Error('unable to parse url: missing protocol scheme')
  const [address, query = ''] = cut(afterScheme, '?')
  const empty = { userinfo: '', host: '', hostname: '', path: '', opaque: '' }
  const rest = { scheme: scheme.toLowerCase(), query, fragment: unescaped(fragment) }
  if (scheme !== '' && !address.startsWith('/')) return { ...empty, ...rest, opaque: address }
  if (scheme === '' && address.split('/')[0]!.includes(':'))
    throw new Error('unable to parse url: first path segment in URL cannot contain colon')
  const [, authority, path = ''] = /^(?:\/\/([^/]*))?(.*)$/s.exec(address)!
  if (authority === undefined) return { ...empty, ...rest, path: unescaped(path) }
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  const [, name, port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(host) ?? []
  if (name === undefined || !/^\d*$/.test(port))
    throw new Error('unable to parse url: invalid port after host')
  return {
    ...rest,
    userinfo: at < 0 ? '' : userText(authority.slice(0, at)),
    host: unescaped(host),
    hostname: unescaped(name).replace(/^\[(.*)\]$/, '$1'),
    path: unescaped(path),
    opaque: '',
  }
}

function joined(dict: ReadonlyMap<Value, Value>): string {
  const part = (key: string) => {
    const value = dict.has(key) ? dict.get(key) : ''
    if (kindOf(value) !== 'string') throw new Error(`unable to parse ${key} key, must be of type string`)
    return stringIn(value)
  }
  const [scheme, opaque, host, path, user] = ['scheme', 'opaque', 'host', 'path', 'userinfo'].map(part)
  let url = scheme === '' ? '' : `${scheme}:`
  if (opaque !== '') url += opaque
  else {
    const hasAuthority = scheme !== '' || host !== '' || user !== ''
    if (hasAuthority && (host !== '' || path !== '' || user !== ''))
      url += `//${user === '' ? '' : `${userText(user!)}@`}${host}`
    const written = escaped(path!)
    if (written !== '' && !written.startsWith('/') && host !== '') url += '/'
    if (url === '' && written.split('/')[0]!.includes(':')) url += './'
    url += written
  }
  const [query, fragment] = [part('query'), part('fragment')]
  return `${url}${query && `?${query}`}${fragment && `#${escaped(fragment)}`}`
}

function userText(text: string): string {
  const [name, password] = cut(text, ':')
  const written = (value: string) =>
    encodeURIComponent(unescaped(value)).replaceAll(/%(24|26|2B|2C|3B|3D)/g, decodeURIComponent)
  return password === undefined ? written(name) : `${written(name)}:${written(password)}`
}

function escaped(text: string): string {
  return encodeURI(text.toWellFormed()).replaceAll(/[?#]/g, encodeURIComponent)
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('unable to parse url: invalid URL escape')
  }
}

function cut(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
