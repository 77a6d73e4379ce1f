import type { TokenGrants } from '../../../authority/grant.ts'
import { startAuthorityServer } from '../../../authority/server.ts'
import type { Address, Host } from '../../../kernel/module.ts'
import { feedService } from '../feed/feed-service.ts'
import { FeedHub } from '../feed/hub.ts'
import { knownTokens } from '../feed/known-tokens.ts'
import { ServiceTable } from '../feed/service-table.ts'
import { type AuthorityStore, storedAuthority } from './stored-authority.ts'

export interface MeshOptions {
  readonly trustDomain: string
  readonly listen: Address
  /** DNS names that sidecars reach the controller by. */
  readonly names: readonly string[]
  /** Of the certificates of sidecars. */
  readonly lifetimeMs: number
  readonly store: AuthorityStore
  /** Whose token it is; asked about each token once a minute. */
  readonly grants: TokenGrants
  /** Whether the table has been told of all that there is. */
  readonly synced: () => boolean
  readonly maxSubscribers?: number
}

/** The mesh's authority: identities for sidecars, and the endpoints of Services. */
export interface Mesh {
  readonly address: Address
  /** PEM of the root that sidecars trust. */
  readonly trustBundle: string
  /** What is told of the cluster goes in here. */
  readonly table: ServiceTable
}

type MeshHost = Pick<Host, 'clock' | 'log' | 'metrics' | 'scope'>

const TOKEN_HOLD_MS = 60_000
const DEFAULT_MAX_SUBSCRIBERS = 100_000

/** Serves both on one HTTPS listener, until the host's scope closes: open feeds end then, so that sidecars go elsewhere. */
export async function startMesh(options: MeshOptions, host: MeshHost): Promise<Mesh> {
  const { clock, log, metrics, scope } = host
  const { trustDomain, maxSubscribers = DEFAULT_MAX_SUBSCRIBERS } = options
  const { createHash } = process.getBuiltinModule('node:crypto')
  const hash = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 16)
  const table = new ServiceTable(trustDomain, topic => hub.changed(topic))
  const hub: FeedHub = new FeedHub(clock, table, hash)
  const grants = knownTokens(options.grants, { clock, holdMs: TOKEN_HOLD_MS })
  const told = metrics
    .counter('feed_told_bytes_total', 'Bytes of lists and changes that were told to sidecars.')
    .with()
  hub.onTold = lines => told.inc(lines.reduce((sum, line) => sum + line.length + 1, 0))
  const refused = metrics.counter('feed_refused_total', 'Feeds that were refused.', ['reason'])
  const subscribers = metrics.gauge('feed_subscribers', 'Feeds that are open.').with()
  const subjects = metrics.gauge('feed_subjects', 'Services and addresses that feeds are open for.').with()
  const objects = metrics.gauge('feed_objects', 'Objects of the cluster that are known.', ['kind'])
  metrics.onCollect(() => {
    subscribers.set(hub.subscribers)
    subjects.set(hub.subjects)
    for (const [kind, count] of Object.entries(table.counts)) objects.with(kind).set(count)
  })
  const authority = await storedAuthority(options.store, { trustDomain, clock })
  const server = await startAuthorityServer({
    ...{ authority, clock, log, grants, listen: options.listen, names: options.names },
    lifetimeMs: options.lifetimeMs,
    maxConnections: maxSubscribers,
    beside: {
      prefix: '/feeds/',
      handler: feedService({
        ...{ hub, grants, log, maxSubscribers, ready: options.synced },
        onRefused: reason => refused.with(reason).inc(),
      }),
    },
  })
  scope.use(server)
  scope.defer(() => hub[Symbol.dispose]())
  return {
    address: server.address,
    trustBundle: authority.trustBundle,
    table,
  }
}
