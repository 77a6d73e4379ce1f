import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { Endpoint } from '../clusters/cluster.ts'
import { cookieValue } from '../clusters/request-hash.ts'
import { sessionKey } from '../clusters/session-key.ts'
import type { Backend, Match, Rule } from '../routing/route.ts'

type SessionRule = NonNullable<Rule['session']>

const TOKEN = /^[0-9a-f]{32}$/
const HALF = 16

/** The session that a request belongs to: which backend, and which of its endpoints. Undefined for a new one, or nonsense. */
export function sessionOf({ type, name }: SessionRule, headers: HeaderList): string | undefined {
  const value = type === 'header' ? headers.get(name) : cookieValue(headers, name)
  return value !== undefined && TOKEN.test(value) ? value : undefined
}

/** The backend that the session began with, whatever the weights are now. */
export function backendOf(session: string, { backends }: Rule): Backend | undefined {
  return backends.find(({ cluster }) => session.startsWith(sessionKey(cluster)))
}

/** The part of a session that names the endpoint. */
export function endpointOf(session: string): string {
  return session.slice(HALF)
}

/** Tells the client its session, when it is not the one that it named. */
export function tellSession(
  answer: HeaderList,
  { rule, prefix }: Match,
  { cluster }: Backend,
  { key }: Endpoint,
  asked: string | undefined,
): void {
  const session = sessionKey(cluster) + sessionKey(key)
  if (session === asked) return
  const { type, name } = rule.session!
  if (type === 'header') answer.set(name, session)
  else answer.append('Set-Cookie', `${name}=${session}; Path=${prefix || '/'}; HttpOnly; SameSite=Lax`)
}
