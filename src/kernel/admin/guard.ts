import type { Address } from '../module.ts'

/** What the guard looks at in a request. */
export interface Asked {
  readonly method: string
  /** host or host:port; '' when the client did not say. */
  readonly authority: string
  readonly fromLoopback: boolean
  header(name: string): string | undefined
}

export interface Refusal {
  readonly status: 403 | 421
  readonly message: string
}

const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]', '::1'])
const WILDCARDS = new Set(['0.0.0.0', '::'])
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/
const READING = new Set(['GET', 'HEAD'])

/**
 * Why a request must not be answered; undefined when it may.
 * `hosts` are the names that the user has added. A foreign Host header is a browser whose name server was made to point at us (DNS rebinding).
 * Whatever changes the process must come from this machine, and not from a page of another site.
 */
export function refusal(asked: Asked, bound: Address, hosts: readonly string[] = []): Refusal | undefined {
  if (!isOurName(asked.authority, bound, hosts)) {
    return {
      status: 421,
      message: `"${asked.authority}" is not a name of this listener; ask for localhost, 127.0.0.1, [::1] or the address that it is bound to, or add the name to admin.hosts`,
    }
  }
  if (READING.has(asked.method)) return undefined
  if (!asked.fromLoopback) return { status: 403, message: `${asked.method} is served to this machine only` }
  if (isCrossOrigin(asked))
    return { status: 403, message: `${asked.method} is not served to pages of other sites` }
  return undefined
}

/** Whether a listener that is bound there answers to the host of a request; `hosts` are more names of it. */
export function isOurName(authority: string, bound: Address, hosts: readonly string[]): boolean {
  if (authority === '' || 'path' in bound) return true
  const host = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(authority)?.[1]?.toLowerCase()
  if (host === undefined) return false
  // A name server cannot make an address point elsewhere.
  if (WILDCARDS.has(bound.host) && ADDRESS.test(host)) return true
  if (hosts.some(name => name.toLowerCase() === host)) return true
  return (
    LOCAL_NAMES.has(host) || host === bound.host.toLowerCase() || host === `[${bound.host.toLowerCase()}]`
  )
}

/** Whether a page of another site asks: fetch metadata where the browser sends it, else the Origin header; tools send neither. */
export function isCrossOrigin(asked: Pick<Asked, 'authority' | 'header'>): boolean {
  const site = asked.header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  const origin = asked.header('origin')
  return (
    origin !== undefined && origin.replace(/^https?:\/\//, '').toLowerCase() !== asked.authority.toLowerCase()
  )
}
