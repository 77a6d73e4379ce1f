import type { ServiceDiscovery } from './config.ts'
import { type DnsWorld, dnsDiscovery } from './dns.ts'
import { type FeedWorld, feedDiscovery } from './feed.ts'
import type { EndpointSink } from './source.ts'

/** How long requests wait for a controller that is slow before they go without it. */
const PATIENCE_MS = 1_000

/**
 * Endpoints of a Service from the controller's feed. Until its first list, and as long as it knows no such Service,
 * they are found otherwise: a controller that is away takes nothing out of reach.
 */
export function serviceDiscovery(
  { feed, otherwise }: ServiceDiscovery['config'],
  world: DnsWorld & FeedWorld,
  sink: EndpointSink,
): Disposable {
  let substitute: Disposable | undefined
  let hasList = false
  const substituted = () => {
    if (hasList || substitute !== undefined) return
    if (otherwise.kind === 'dns') substitute = dnsDiscovery(otherwise.config, world, sink)
    else {
      substitute = { [Symbol.dispose]() {} }
      sink.found([otherwise.endpoint])
    }
  }
  const patience = world.clock.timeout(PATIENCE_MS, substituted)
  const source = feedDiscovery(feed, world, {
    found(endpoints, clusterIPs) {
      hasList = true
      patience.cancel()
      substitute?.[Symbol.dispose]()
      substitute = undefined
      sink.found(endpoints, clusterIPs)
    },
    failed(reason) {
      if (hasList) return sink.failed(reason)
      patience.cancel()
      substituted()
    },
  })
  return {
    [Symbol.dispose]() {
      patience.cancel()
      source[Symbol.dispose]()
      substitute?.[Symbol.dispose]()
    },
  }
}
