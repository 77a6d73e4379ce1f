import { type Informer, informer } from '../../../backends/kubernetes/informer.ts'
import { RESOURCES, type ResourceType } from '../../../backends/kubernetes/resources.ts'
import type { Address, Health, Host, Module } from '../../../kernel/module.ts'
import type { Json } from '../../../manifests/json.ts'
import type { Cluster } from '../cluster/module.ts'
import { RECORD_OF, type ServiceTable, type Watched, type WatchedKind } from '../feed/service-table.ts'
import { clusterGrants } from './cluster-grants.ts'
import { secretStore } from './cluster-store.ts'
import { type MeshConfig, meshConfig } from './config.ts'
import { startMesh } from './mesh.ts'

/** What injection tells the sidecars that it makes. */
export interface MeshOffer {
  readonly trustDomain: string
  /** PEM of the root. */
  readonly trustBundle: string
  /** Where sidecars find it. */
  readonly url: string
  readonly audience: string
}

const TYPES: Readonly<Record<WatchedKind, ResourceType>> = {
  Service: RESOURCES.services,
  EndpointSlice: RESOURCES.endpointSlices,
  Pod: RESOURCES.pods,
}

/** The authority of the mesh, on what the API server says. */
export const mesh: Module<MeshConfig, MeshOffer> = {
  name: 'mesh',
  config: meshConfig,
  needs: ['cluster'],
  async start(config, host) {
    const { client, namespace } = host.use<Cluster>('cluster')
    const { trustDomain, audience } = config
    const informers: Informer<unknown>[] = []
    const synced = () => informers.length > 0 && informers.every(({ state }) => state.synced)
    const started = await startMesh(
      {
        ...{ trustDomain, synced, listen: config.listen, lifetimeMs: config.lifetimeMs },
        names: config.names ?? serviceNames(namespace),
        store: secretStore(client, { namespace, name: config.secret }),
        grants: clusterGrants(client, { audience, trustDomain }),
        maxSubscribers: config.maxFeeds,
      },
      host,
    )
    for (const kind of Object.keys(TYPES) as WatchedKind[])
      informers.push(await fed(kind, started.table, client, host))
    return {
      offer: {
        trustDomain,
        audience,
        url: config.url ?? serviceUrl(namespace, started.address),
        trustBundle: started.trustBundle,
      },
      health: () => healthOf(informers, synced()),
    }
  },
}

/** Keeps the table as the API server has the objects of a kind. */
async function fed<Kind extends WatchedKind>(
  kind: Kind,
  table: ServiceTable,
  client: Cluster['client'],
  { clock, log, scope }: Host,
): Promise<Informer<Watched[Kind]>> {
  const watched = informer<Watched[Kind]>({
    ...{ client, clock, log, type: TYPES[kind] },
    project: object => RECORD_OF[kind](object as Json),
  })
  scope.use(watched)
  watched.onChange(({ type, namespace, name, value }) =>
    table.put(kind, namespace, name, type === 'removed' ? undefined : value),
  )
  return watched
}

function serviceNames(namespace: string): string[] {
  const name = `outrigger-controller.${namespace}`
  return ['outrigger-controller', name, `${name}.svc`, `${name}.svc.cluster.local`]
}

function serviceUrl(namespace: string, address: Address): string {
  return `https://outrigger-controller.${namespace}.svc:${'port' in address ? address.port : ''}`
}

/** An API server that is away leaves the last endpoints in use. */
function healthOf(informers: readonly Informer<unknown>[], synced: boolean): Health {
  const problem = informers.map(({ state }) => state).find(({ connected }) => !connected)?.problem
  if (!synced)
    return {
      ready: false,
      state: 'degraded',
      message: problem ?? 'the Services of the cluster are being read',
    }
  if (informers.every(({ state }) => state.connected)) return { ready: true, state: 'ok' }
  return {
    ready: true,
    state: 'degraded',
    message: problem ?? 'the API server is away; the last endpoints stay in use',
  }
}
