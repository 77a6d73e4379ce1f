import type { EndpointList, FeedEndpoint } from './service-table.ts'

/** How many changes are kept for those who come back after a short while. */
const MAX_CHANGES = 32

interface Change {
  readonly from: string
  readonly line: string
}

/**
 * What is said of one subject: the whole list, and the last changes of it. A version is a hash of the list, so that
 * every replica of the controller gives the same list the same version, and a sidecar goes on with another one.
 */
export class Feed {
  readonly #hash: (text: string) => string
  #endpoints = new Map<string, FeedEndpoint>()
  #clusterIPs: readonly string[]
  #changes: Change[] = []
  version: string

  constructor(list: EndpointList, hash: (text: string) => string) {
    this.#hash = hash
    this.#endpoints = byAddress(list)
    this.#clusterIPs = list.clusterIPs
    this.version = this.#versionOf(list)
  }

  /** Whether it says something else now. */
  update(list: EndpointList): boolean {
    const version = this.#versionOf(list)
    if (version === this.version) return false
    const endpoints = byAddress(list)
    const set = [...endpoints.values()].filter(each => !same(each, this.#endpoints.get(each.address)))
    const removed = [...this.#endpoints.keys()].filter(address => !endpoints.has(address))
    const clusterIPs = list.clusterIPs.join() === this.#clusterIPs.join() ? undefined : list.clusterIPs
    const line = JSON.stringify({
      ...{ version, from: this.version },
      ...(set.length > 0 && { set }),
      ...(removed.length > 0 && { remove: removed }),
      ...(clusterIPs && { clusterIPs }),
    })
    this.#changes.push({ from: this.version, line })
    if (this.#changes.length > MAX_CHANGES) this.#changes.shift()
    // A change can name other cluster IPs, but not say that there are none: that takes a whole list.
    if (clusterIPs?.length === 0) this.#changes = []
    this.#endpoints = endpoints
    this.#clusterIPs = list.clusterIPs
    this.version = version
    return true
  }

  /** The lines that lead from a version to the present one: changes where they are short and known, else the whole list. */
  linesFrom(version: string | undefined): string[] {
    if (version === this.version) return []
    // A list may have been the same before: the way from the last time is the shortest.
    const first = this.#changes.findLastIndex(({ from }) => from === version)
    const changes = first < 0 ? [] : this.#changes.slice(first).map(({ line }) => line)
    const whole = this.#whole()
    const length = changes.reduce((sum, line) => sum + line.length, 0)
    return first >= 0 && length <= whole.length ? changes : [whole]
  }

  #whole(): string {
    const endpoints = [...this.#endpoints.values()]
    const clusterIPs = this.#clusterIPs.length > 0 && { clusterIPs: this.#clusterIPs }
    return JSON.stringify({ version: this.version, endpoints, ...clusterIPs })
  }

  #versionOf({ endpoints, clusterIPs }: EndpointList): string {
    return this.#hash(JSON.stringify([endpoints, clusterIPs]))
  }
}

function byAddress({ endpoints }: EndpointList): Map<string, FeedEndpoint> {
  return new Map(endpoints.map(each => [each.address, each]))
}

function same(one: FeedEndpoint, other: FeedEndpoint | undefined): boolean {
  return other !== undefined && one.zone === other.zone && one.identity === other.identity
}
