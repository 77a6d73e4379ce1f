import type { SrvRecord } from 'node:dns'
import type { EndpointSpec } from '../member.ts'
import type { DnsConfig, DnsSrvConfig } from './config.ts'
import { unique } from './endpoint-list.ts'
import { Refresh } from './refresh.ts'
import { type DnsResolver, type ResolvedAddress, systemResolver } from './resolver.ts'
import type { DiscoveryWorld, EndpointSink } from './source.ts'

/** Tests give a resolver of their own. */
export interface DnsWorld extends DiscoveryWorld {
  readonly resolver?: DnsResolver
}

/** All addresses of a name at one port, asked again when the shortest TTL is over. */
export function dnsDiscovery(config: DnsConfig, world: DnsWorld, sink: EndpointSink): Disposable {
  const { name, port, refreshMs, minRefreshMs } = config
  const resolver = world.resolver ?? systemResolver()
  return new Refresh(world, sink, `DNS name ${name}`, async () => {
    const answers = await resolver.addresses(name)
    const endpoints = unique(answers.map(({ address }) => ({ host: address, port, weight: 1 })))
    return {
      endpoints,
      nextMs: Math.max(Math.min(minRefreshMs, refreshMs), Math.min(refreshMs, ttlMs(answers))),
    }
  })
}

/** The targets of SRV records (RFC 2782) at the addresses that their names have now. */
export function dnsSrvDiscovery(config: DnsSrvConfig, world: DnsWorld, sink: EndpointSink): Disposable {
  const { name, refreshMs } = config
  const resolver = world.resolver ?? systemResolver()
  return new Refresh(world, sink, `SRV records of ${name}`, async () => {
    const records = await resolver.services(name)
    const best = Math.min(...records.map(({ priority }) => priority))
    const first = records.filter(({ priority, name: target }) => priority === best && target !== '.')
    const endpoints = await Promise.all(first.map(record => endpointsOf(record, resolver)))
    return { endpoints: unique(endpoints.flat()), nextMs: refreshMs }
  })
}

/** The weight of a record is shared by the addresses of its target; "0" is a small weight there and none here. */
async function endpointsOf(record: SrvRecord, resolver: DnsResolver): Promise<EndpointSpec[]> {
  const answers = await resolver.addresses(record.name)
  const weight = Math.max(1, record.weight) / Math.max(1, answers.length)
  return answers.map(({ address }) => ({ host: address, port: record.port, weight }))
}

function ttlMs(answers: readonly ResolvedAddress[]): number {
  return Math.min(...answers.map(({ ttlSeconds = Number.POSITIVE_INFINITY }) => ttlSeconds * 1000))
}
