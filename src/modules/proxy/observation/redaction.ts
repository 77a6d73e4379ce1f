/** What stands in the place of a secret. */
export const REDACTED = '<redacted>'

/** Fields that carry what lets one in. */
export const SECRET_HEADERS = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-amz-security-token',
  'x-vault-token',
  'x-goog-iam-authorization-token',
]

/** Parameters of a query that do the same, by OAuth 2.0, signed URLs and custom. */
export const SECRET_PARAMETERS = [
  'access_token',
  'refresh_token',
  'id_token',
  'token',
  'code',
  'client_secret',
  'client_assertion',
  'password',
  'passwd',
  'secret',
  'api_key',
  'apikey',
  'key',
  'auth',
  'jwt',
  'session',
  'sig',
  'signature',
  'x-amz-signature',
  'x-amz-security-token',
  'x-amz-credential',
  'x-goog-signature',
  'x-goog-credential',
]

/** Keeps secrets of requests out of what is written about them. */
export class Redaction {
  readonly #headers: ReadonlySet<string>
  readonly #parameters: ReadonlySet<string>

  constructor(
    headers: readonly string[] = SECRET_HEADERS,
    parameters: readonly string[] = SECRET_PARAMETERS,
  ) {
    this.#headers = new Set(headers.map(name => name.toLowerCase()))
    this.#parameters = new Set(parameters.map(name => name.toLowerCase()))
  }

  /** Whether the values of this field stay unsaid; the name in lower case. */
  hides(lowerName: string): boolean {
    return this.#headers.has(lowerName)
  }

  /** Whether the value of this parameter of a query stays unsaid. */
  hidesParameter(name: string): boolean {
    return this.#parameters.has(name.toLowerCase())
  }

  /** A query, without its `?`, with the values of secret parameters taken out. */
  query(search: string): string {
    if (!search.includes('=') || this.#parameters.size === 0) return search
    let redacted = ''
    for (let from = 0; from <= search.length; ) {
      const next = parameterEnd(search, from)
      const equals = search.indexOf('=', from)
      const isPair = equals !== -1 && equals < next
      const secret = isPair && this.#parameters.has(parameterName(search.slice(from, equals)))
      redacted += secret ? `${search.slice(from, equals)}=${REDACTED}` : search.slice(from, next)
      redacted += search.slice(next, next + 1)
      from = next + 1
    }
    return redacted
  }

  /** A request target: path, and query if there is one. */
  target(target: string): string {
    const mark = target.indexOf('?')
    return mark === -1 ? target : `${target.slice(0, mark + 1)}${this.query(target.slice(mark + 1))}`
  }
}

/** Some servers take `;` for `&`. */
function parameterEnd(search: string, from: number): number {
  for (let at = from; at < search.length; at++) {
    const code = search.charCodeAt(at)
    if (code === 0x26 || code === 0x3b) return at
  }
  return search.length
}

/** As a server reads it: `%74oken` is `token`. */
function parameterName(written: string): string {
  if (!/[%+]/.test(written)) return written.toLowerCase()
  try {
    return decodeURIComponent(written.replaceAll('+', ' ')).trim().toLowerCase()
  } catch {
    return written.toLowerCase()
  }
}
