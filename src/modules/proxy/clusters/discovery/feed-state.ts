import { type EndpointSpec, keyOf } from '../member.ts'
import { readClusterIps } from './cluster-ips.ts'
import { readEndpoints } from './endpoint-list.ts'

/** What a line led to: a new list, nothing new, or a reason to begin anew with the whole list. */
export type FeedStep =
  | {
      readonly kind: 'list'
      readonly endpoints: readonly EndpointSpec[]
      readonly clusterIPs?: readonly string[]
    }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'broken'; readonly reason: string }

const NOTHING: FeedStep = { kind: 'nothing' }

/** More than any cluster has; a feed that grows without end must not fill the sidecar. */
export const MAX_ENDPOINTS = 100_000

/**
 * The state that a feed's lines build up. Pure. Each line is one JSON object:
 *
 *     {"version":"17","endpoints":[{"address":"10.0.0.7:8080","zone":"eu-1a","identity":"spiffe://…"}]}    the whole list
 *     {"version":"18","from":"17","set":[{"address":"10.0.0.8:8080"}],"remove":["10.0.0.7:8080"]}    a change
 *     {}                                                                                     a sign of life
 *
 * Endpoints are written as in the configuration. A change holds for the version `from` alone; `set` adds endpoints or
 * replaces those with the same address, `remove` takes addresses away that may be gone already. Versions are opaque.
 * A whole list and a change may have `"clusterIPs":["10.96.0.12"]`, the cluster IPs of the Service (`["None"]`: headless);
 * a whole list without them takes them away, a change without them leaves them as they were.
 */
export class FeedState {
  /** Of the list that is held; undefined before the first, and after a broken line. */
  version: string | undefined
  readonly #endpoints = new Map<string, EndpointSpec>()
  #clusterIPs: readonly string[] | undefined

  apply(line: string): FeedStep {
    const step = this.#step(line)
    // The next connection asks for the whole list.
    if (step.kind === 'broken') this.version = undefined
    return step
  }

  #step(line: string): FeedStep {
    const message = parsed(line)
    if (message === undefined) return { kind: 'broken', reason: 'a line is not a JSON object' }
    const { version, from, endpoints, set = [], remove = [] } = message
    if (Object.keys(message).length === 0) return NOTHING
    if (typeof version !== 'string') return { kind: 'broken', reason: 'a line lacks its `version`' }
    if (endpoints === undefined && (from === undefined || from !== this.version)) {
      const held = this.version === undefined ? 'none' : `version ${this.version}`
      return { kind: 'broken', reason: `a change of version ${String(from)} came, ${held} is held` }
    }
    const listed = readEndpoints(endpoints ?? set)
    if (!listed.ok) return { kind: 'broken', reason: listed.reason }
    if (!Array.isArray(remove) || !remove.every(key => typeof key === 'string'))
      return { kind: 'broken', reason: '`remove` is not a list of addresses' }
    const clusterIPs = readClusterIps(message['clusterIPs'])
    if (typeof clusterIPs === 'string') return { kind: 'broken', reason: clusterIPs }
    if (endpoints !== undefined) this.#endpoints.clear()
    if (endpoints !== undefined || clusterIPs !== undefined) this.#clusterIPs = clusterIPs
    for (const key of remove) this.#endpoints.delete(key)
    for (const endpoint of listed.endpoints) this.#endpoints.set(keyOf(endpoint), endpoint)
    if (this.#endpoints.size > MAX_ENDPOINTS)
      return { kind: 'broken', reason: `there are more than ${MAX_ENDPOINTS} endpoints` }
    this.version = version
    const said = this.#clusterIPs === undefined ? {} : { clusterIPs: this.#clusterIPs }
    return { kind: 'list', endpoints: [...this.#endpoints.values()], ...said }
  }
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
