import type { promises, SrvRecord } from 'node:dns'

type Resolver = InstanceType<typeof promises.Resolver>

/** An address and how long it holds; no TTL where the system's own look-up gave it. */
export interface ResolvedAddress {
  readonly address: string
  readonly ttlSeconds?: number
}

/** What discovery asks of DNS. Rejections carry the `code` of node:dns. */
export interface DnsResolver {
  addresses(name: string): Promise<readonly ResolvedAddress[]>
  services(name: string): Promise<readonly SrvRecord[]>
}

/** Codes that say that there is no such record, as against no answer. */
const ABSENT = new Set(['ENOTFOUND', 'ENODATA'])

export function isAbsent(error: unknown): boolean {
  return ABSENT.has((error as NodeJS.ErrnoException).code ?? '')
}

const TIMES = { timeout: 2_000, tries: 2 }

/**
 * DNS servers are asked directly, for the TTL. What they do not know may be in /etc/hosts, or be a short name that
 * needs the search domains of /etc/resolv.conf: there the system's look-up follows. node:dns is loaded on first use.
 */
export function systemResolver(): DnsResolver {
  const { Resolver, lookup } = process.getBuiltinModule('node:dns').promises
  const resolver = new Resolver(TIMES)
  return {
    services: name => resolver.resolveSrv(name),
    async addresses(name) {
      const { found, failure } = await bothFamilies(resolver, name)
      if (failure === undefined && found.length > 0) return found
      const known = await lookup(name, { all: true })
      return known.map(({ address }) => ({ address }))
    },
  }
}

/** These DNS servers, and nobody else. */
export function resolverAt(servers: readonly string[]): DnsResolver {
  const { Resolver } = process.getBuiltinModule('node:dns').promises
  const resolver = new Resolver(TIMES)
  resolver.setServers(servers)
  return {
    services: name => resolver.resolveSrv(name),
    async addresses(name) {
      const { found, failure, absence } = await bothFamilies(resolver, name)
      if (failure !== undefined) throw failure
      if (found.length === 0) throw absence
      return found
    },
  }
}

/** Half an answer would take endpoints away that may be there: it is a failure. */
async function bothFamilies(resolver: Resolver, name: string) {
  const answers = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ])
  const reasons = answers.flatMap(answer => (answer.status === 'rejected' ? [answer.reason as Error] : []))
  const found = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
  return {
    found: found.map(({ address, ttl }) => ({ address, ttlSeconds: ttl })),
    failure: reasons.find(reason => !isAbsent(reason)),
    absence: reasons.find(isAbsent),
  }
}
