import type { SrvRecord } from 'node:dns'
import type { EndpointSpec } from '../member.ts'
import type { DnsConfig, DnsSrvConfig } from './config.ts'
import { unique } from './endpoint-list.ts'
import { Refresh } from './refresh.ts'
import { type DnsResolver, isAbsent, type ResolvedAddress, resolverAt, systemResolver } from './resolver.ts'
import type { DiscoveryWorld, EndpointSink } from './source.ts'

/** Tests give a resolver of their own. */
export interface DnsWorld extends DiscoveryWorld {
  readonly resolver?: DnsResolver
}

/** All addresses of a name at one port, asked again when the shortest TTL is over. */
export function dnsDiscovery(config: DnsConfig, world: DnsWorld, sink: EndpointSink): Disposable {
  const { name, port } = config
  const resolver = resolverOf(config, world)
  return new Refresh(world, sink, `DNS name ${name}`, async () => {
    const answers = await resolver.addresses(name)
    const endpoints = unique(answers.map(({ address }) => ({ host: address, port, weight: 1 })))
    return { endpoints, nextMs: nextMs(config, answers) }
  })
}

/** The targets of SRV records (RFC 2782) at the addresses that their names have now. Their own TTL is not known to node:dns. */
export function dnsSrvDiscovery(config: DnsSrvConfig, world: DnsWorld, sink: EndpointSink): Disposable {
  const { name } = config
  const resolver = resolverOf(config, world)
  return new Refresh(world, sink, `SRV records of ${name}`, async () => {
    const records = (await resolver.services(name)).filter(({ name: target }) => target !== '.')
    const priorities = [...new Set(records.map(({ priority }) => priority))].sort((one, other) => one - other)
    for (const priority of priorities) {
      const targets = records.filter(record => record.priority === priority)
      const found = await Promise.all(targets.map(record => addressesOf(record, resolver)))
      const endpoints = found.flatMap((answers, at) => endpointsOf(targets[at]!, answers))
      if (endpoints.length > 0) return { endpoints: unique(endpoints), nextMs: nextMs(config, found.flat()) }
    }
    return { endpoints: [], nextMs: config.refreshMs }
  })
}

/** None of a target that does not exist: the others are there all the same. */
async function addressesOf({ name }: SrvRecord, resolver: DnsResolver): Promise<readonly ResolvedAddress[]> {
  try {
    return await resolver.addresses(name)
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** The weight of a record is shared by the addresses of its target; "0" is a small weight there and none here. */
function endpointsOf({ port, weight }: SrvRecord, answers: readonly ResolvedAddress[]): EndpointSpec[] {
  const share = Math.max(1, weight) / Math.max(1, answers.length)
  return answers.map(({ address }) => ({ host: address, port, weight: share }))
}

function resolverOf({ servers }: DnsConfig | DnsSrvConfig, world: DnsWorld): DnsResolver {
  return world.resolver ?? (servers === undefined ? systemResolver() : resolverAt(servers))
}

/** The shortest TTL, within the limits that are configured. */
function nextMs(
  { refreshMs, minRefreshMs }: DnsConfig | DnsSrvConfig,
  answers: readonly ResolvedAddress[],
): number {
  return Math.max(Math.min(minRefreshMs, refreshMs), Math.min(refreshMs, ttlMs(answers)))
}

function ttlMs(answers: readonly ResolvedAddress[]): number {
  return Math.min(...answers.map(({ ttlSeconds = Number.POSITIVE_INFINITY }) => ttlSeconds * 1000))
}
