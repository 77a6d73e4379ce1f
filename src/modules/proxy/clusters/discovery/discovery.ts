import type { DiscoveryConfig } from './config.ts'
import { type DnsWorld, dnsDiscovery, dnsSrvDiscovery } from './dns.ts'
import { type FeedWorld, feedDiscovery } from './feed.ts'
import { fileDiscovery } from './file.ts'
import { serviceDiscovery } from './service.ts'
import type { EndpointSink } from './source.ts'

/** A source of endpoints at work; disposing it ends its timers and connections, and nothing is told any more. */
export function startDiscovery(
  config: DiscoveryConfig,
  world: DnsWorld & FeedWorld,
  sink: EndpointSink,
): Disposable {
  switch (config.kind) {
    case 'dns':
      return dnsDiscovery(config.config, world, sink)
    case 'dnsSrv':
      return dnsSrvDiscovery(config.config, world, sink)
    case 'file':
      return fileDiscovery(config.config, world, sink)
    case 'feed':
      return feedDiscovery(config.config, world, sink)
    case 'service':
      return serviceDiscovery(config.config, world, sink)
  }
}
