import type { HeaderList } from '../../../../wire/http1/headers.ts'
import type { RequestView } from '../../request.ts'
import type { JwtConfig } from './config.ts'

export type Place = JwtConfig['from'][number]

/** Several tokens that differ: the application might read another one than we do. */
export const AMBIGUOUS: unique symbol = Symbol('ambiguous')

/** The token of a request, unverified. */
export function findToken(
  view: RequestView,
  places: readonly Place[],
): string | typeof AMBIGUOUS | undefined {
  let token: string | undefined
  for (const place of places)
    for (const found of tokensIn(place, view.headers, view.search)) {
      if (token !== undefined && found !== token) return AMBIGUOUS
      token = found
    }
  return token
}

/** Takes the token out of the headers, wherever it stands, and gives the query without it. */
export function removeTokens(places: readonly Place[], headers: HeaderList, search: string): string {
  let left = search
  for (const { kind, config: name } of places) {
    if (kind === 'query') left = keep(left, '&', part => queryName(part) !== name)
    else if (kind === 'cookie') removeCookie(headers, name)
    else removeHeader(headers, name.toLowerCase())
  }
  return left
}

function tokensIn({ kind, config: name }: Place, headers: HeaderList, search: string): string[] {
  if (kind === 'query')
    return search === ''
      ? []
      : search
          .split('&')
          .filter(part => queryName(part) === name)
          .map(behindEquals)
  if (kind === 'cookie')
    return headers
      .getAll('cookie')
      .flatMap(line => line.split(';'))
      .filter(part => cookieName(part) === name)
      .map(part =>
        behindEquals(part)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      )
  return headers.getAll(name).flatMap(value => tokensInHeader(name.toLowerCase(), value))
}

/** Another scheme than Bearer (RFC 6750 section 2.1) is none of our business; schemes have no case. */
function tokensInHeader(lowerName: string, value: string): string[] {
  if (lowerName !== 'authorization') return [value]
  return /^bearer( |$)/i.test(value) ? [value.slice(7).trim()] : []
}

/** An encoded name reaches the application decoded, so it is that name. */
function queryName(part: string): string {
  const equals = part.indexOf('=')
  const name = (equals === -1 ? part : part.slice(0, equals)).replaceAll('+', ' ')
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

function cookieName(part: string): string {
  const equals = part.indexOf('=')
  return (equals === -1 ? part : part.slice(0, equals)).trim()
}

function behindEquals(part: string): string {
  const equals = part.indexOf('=')
  return equals === -1 ? '' : part.slice(equals + 1)
}

function removeHeader({ raw }: HeaderList, lowerName: string): void {
  for (let at = raw.length - 2; at >= 0; at -= 2)
    if (raw[at]!.toLowerCase() === lowerName && tokensInHeader(lowerName, raw[at + 1]!).length > 0)
      raw.splice(at, 2)
}

function removeCookie(headers: HeaderList, name: string): void {
  const { raw } = headers
  for (let at = raw.length - 2; at >= 0; at -= 2) {
    if (raw[at]!.toLowerCase() !== 'cookie') continue
    const left = keep(raw[at + 1]!, ';', part => cookieName(part) !== name).trim()
    if (left === '') raw.splice(at, 2)
    else raw[at + 1] = left
  }
}

function keep(text: string, separator: string, wanted: (part: string) => boolean): string {
  return text.split(separator).filter(wanted).join(separator)
}
