import { readAddress } from '../../../wire/ip/address.ts'
import { type Cidr, contains, parseCidr } from '../../../wire/ip/cidr.ts'
import { anyMatches, pathGlob, textGlob } from '../matching/glob.ts'
import { headerMatches } from '../matching/header.ts'
import { REDACTED, Redaction } from '../observation/redaction.ts'
import type { RequestView } from '../request.ts'
import { type Claims, claimTexts } from './jwt/claims.ts'

/** Stands for a token that would have every claim that is asked for: to find out whether one would help. */
export const ANY_CLAIMS: unique symbol = Symbol('any claims')

/** What the request's verified token says; undefined without one. */
export type Token = Claims | typeof ANY_CLAIMS | undefined

/** What a rule asks of a secret is one. */
const redaction = new Redaction()

/** One thing that a rule asks of a request. */
export interface Condition {
  /** For explanations: `path is one of /a, /b`. */
  readonly text: string
  /** Only a request of HTTP has what it looks at. */
  readonly ofHttp?: true
  holds(view: RequestView, token: Token): boolean
}

/** Holds where the other does not; what is absent (a header, an identity) is not in any list. */
function not(condition: Condition): Condition {
  return {
    ...condition,
    text: condition.text.replace(' is one of ', ' is none of '),
    holds: (view, token) => !condition.holds(view, token),
  }
}

/** `values` and `notValues` of one attribute: both must hold where both are given. */
export function both(
  make: (values: readonly string[]) => Condition,
  values: readonly string[] | undefined,
  notValues: readonly string[] | undefined,
): Condition[] {
  return [...(values ? [make(values)] : []), ...(notValues ? [not(make(notValues))] : [])]
}

export function identityIn(patterns: readonly string[]): Condition {
  const globs = patterns.map(pathGlob)
  return {
    text: listed('identity', patterns),
    holds: ({ peer: { identity } }) => identity !== undefined && anyMatches(globs, identity),
  }
}

/** The schema saw to it that each text is a block. A peer on a Unix socket is in none. */
export function addressIn(blocks: readonly string[]): Condition {
  const cidrs = blocks.map(parseCidr) as Cidr[]
  const words = new Uint32Array(4)
  return {
    text: listed('address', blocks),
    holds: ({ peer: { address } }) => {
      const family = readAddress(address, words)
      for (let at = 0; at < cidrs.length; at++) if (contains(cidrs[at]!, family, words)) return true
      return false
    },
  }
}

/** Hosts have no case. */
export function hostIn(patterns: readonly string[]): Condition {
  const globs = patterns.map(pattern => textGlob(pattern.toLowerCase()))
  return { text: listed('host', patterns), ofHttp: true, holds: ({ host }) => anyMatches(globs, host) }
}

/** Names have no case; a connection without TLS, and a client that names nothing, are in none. */
export function serverNameIn(patterns: readonly string[]): Condition {
  const globs = patterns.map(pattern => textGlob(pattern.toLowerCase()))
  return {
    text: listed('server name', patterns),
    holds: ({ serverName = '' }) => serverName !== '' && anyMatches(globs, serverName.toLowerCase()),
  }
}

export function methodIn(methods: readonly string[]): Condition {
  return { text: listed('method', methods), ofHttp: true, holds: ({ method }) => methods.includes(method) }
}

export function pathIn(patterns: readonly string[]): Condition {
  const globs = patterns.map(pathGlob)
  return { text: listed('path', patterns), ofHttp: true, holds: ({ path }) => anyMatches(globs, path) }
}

export function portIn(ports: readonly string[]): Condition {
  const numbers = ports.map(Number)
  return { text: listed('port', ports), holds: ({ port }) => numbers.includes(port) }
}

/** One of the header's lines matches; several lines are looked at one by one. */
export function headerIn(name: string, patterns: readonly string[]): Condition {
  const globs = patterns.map(textGlob)
  const wanted = name.toLowerCase()
  return {
    text: listed(`header ${name}`, redaction.hides(wanted) ? [REDACTED] : patterns),
    ofHttp: true,
    holds: ({ headers }) => headerMatches(headers, wanted, globs),
  }
}

/** `notValues` holds for a request without a token too. */
export function claim(
  name: string,
  values: readonly string[] | undefined,
  notValues: readonly string[] | undefined,
): Condition[] {
  return both(patterns => claimIn(name, patterns), values, notValues).map(condition => ({
    text: condition.text,
    ofHttp: true,
    holds: (view, token) => token === ANY_CLAIMS || condition.holds(view, token),
  }))
}

function claimIn(name: string, patterns: readonly string[]): Condition {
  const globs = patterns.map(textGlob)
  return {
    text: listed(`claim ${name}`, patterns),
    holds: (_, token) => {
      if (token === undefined || token === ANY_CLAIMS) return false
      return claimTexts(token, name).some(text => anyMatches(globs, text))
    },
  }
}

function listed(what: string, values: readonly string[]): string {
  return `${what} is one of ${values.join(', ')}`
}
