import type { Health } from '../../kernel/module.ts'
import type { ClusterPool } from './clusters/cluster-pool.ts'
import type { Identity } from './identity/identity.ts'
import type { Listener } from './listeners/listener.ts'
import type { PeerBook } from './peers/peer-book.ts'

/** What the proxy says of itself. Without an identity that is configured it is not ready; endpoints that fail are a part's matter. */
export function proxyHealth(
  clusters: ClusterPool,
  identity: Identity,
  peers: PeerBook,
  listeners: readonly Listener[],
): Health {
  const parts: Record<string, Health> = clusters.health()
  const messages: string[] = []
  let ready = true
  const add = (name: string, health: Health): void => {
    parts[name] = health
    ready &&= health.ready
    if (health.state !== 'ok') messages.push(`${name}: ${health.message}`)
  }
  if (identity.isConfigured) add('identity', identity.health())
  const list = peers.health()
  if (list !== undefined) add('peers', list)
  for (const listener of listeners) {
    const health = listener.health()
    if (health.state !== 'ok') add(`listener ${listener.name}`, health)
  }
  if (messages.length === 0) return { ready, state: 'ok', parts }
  return { ready, state: 'degraded', message: messages.join('; '), parts }
}
