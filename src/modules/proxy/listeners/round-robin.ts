import { parseAddress } from '../../../kernel/config/address.ts'
import type { Cluster, Endpoint, Lease, Wish } from '../clusters/cluster.ts'
import type { FailureCode } from '../failure.ts'

/** Endpoints in turn. `addresses` are host:port or socket paths that the configuration has checked. */
export function createRoundRobin(name: string, addresses: readonly string[]): Cluster {
  const leases = addresses.map(address => new FixedLease(endpointAt(address)))
  let next = 0
  return {
    name,
    acquire({ avoid }: Wish): Lease | FailureCode {
      for (let turn = 0; turn < leases.length; turn++) {
        const lease = leases[next++ % leases.length]!
        if (avoid?.has(lease.endpoint) !== true) return lease
      }
      return leases[next++ % leases.length] ?? 'no_healthy_upstream'
    },
  }
}

class FixedLease implements Lease {
  readonly endpoint: Endpoint

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint
  }

  done(): void {}
}

function endpointAt(key: string): Endpoint {
  const address = parseAddress(key)!
  if ('path' in address) return { key, host: '', port: 0, socketPath: address.path, weight: 1 }
  return { key, host: address.host, port: address.port, weight: 1 }
}
