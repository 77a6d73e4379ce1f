import { hostname } from 'node:os'
import { inClusterAccess } from '../../../backends/kubernetes/access.ts'
import { createKubernetesClient, type KubernetesClient } from '../../../backends/kubernetes/client.ts'
import { type Informer, informer } from '../../../backends/kubernetes/informer.ts'
import { kubeconfigAccess } from '../../../backends/kubernetes/kubeconfig.ts'
import { electLeader } from '../../../backends/kubernetes/leader.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import type { Health, Host, Module } from '../../../kernel/module.ts'
import { type ClusterConfig, clusterConfig } from './config.ts'
import { Duties, type Duty } from './duties.ts'

/** What the other modules of the controller see of the cluster. */
export interface Cluster {
  readonly client: KubernetesClient
  /** The controller's own. */
  readonly namespace: string
  /** Of this process. */
  readonly identity: string
  /** undefined: not found out (yet). */
  version(): { readonly major: number; readonly minor: number } | undefined
  readonly namespaces: Informer<NamespaceRecord>
  readonly leading: boolean
  /** Done while this replica leads; the result ends it. */
  whileLeading(duty: Duty): () => void
}

/** What injection asks of a namespace. */
export interface NamespaceRecord {
  readonly name: string
  readonly annotations: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
}

const VERSION_EVERY_MS = 10 * 60_000
/** Annotations of namespaces that injection understands; the others are not kept. */
const KEPT = /^(?:outrigger\.dev\/|openshift\.io\/)/

/** The connection to the cluster: who is there, and who leads. */
export const cluster: Module<ClusterConfig, Cluster> = {
  name: 'cluster',
  config: clusterConfig,
  async start(config, host) {
    const { clock, log, scope, env } = host
    const access = config.kubeconfig
      ? await kubeconfigAccess({ path: config.kubeconfig, clock })
      : await inClusterAccess({
          host: env['KUBERNETES_SERVICE_HOST'],
          port: env['KUBERNETES_SERVICE_PORT'],
          folder: config.serviceAccount,
          clock,
        })
    const client = createKubernetesClient({
      access,
      clock,
      userAgent: 'outrigger-controller',
      onWarning: text => log.warn('server_warning', `the API server warns: ${text}`),
    })
    scope.defer(() => client.close())
    const identity = `${env['POD_NAME'] ?? hostname()}_${Math.random().toString(36).slice(2, 10)}`
    const namespaces = informer<NamespaceRecord>({
      ...{ client, clock, log, type: RESOURCES.namespaces },
      project: ({ metadata = {} }) => ({
        name: metadata.name ?? '',
        labels: metadata.labels ?? {},
        annotations: Object.fromEntries(
          Object.entries(metadata.annotations ?? {}).filter(([key]) => KEPT.test(key)),
        ),
      }),
    })
    scope.use(namespaces)
    const duties = new Duties()
    const election = electLeader({
      ...{ client, clock, log, identity, namespace: access.namespace, name: config.lease },
      lead: term => duties.lead(term),
    })
    scope.use(election)
    const version = keepVersion(client, host)
    const leading = host.metrics.gauge('leading', 'Whether this replica leads.').with()
    host.metrics.onCollect(() => leading.set(Number(election.leading)))
    return {
      offer: {
        ...{ client, identity, namespaces, version, namespace: access.namespace },
        get leading() {
          return election.leading
        },
        whileLeading: duty => duties.add(duty),
      },
      health: () => healthOf(namespaces, election.leader),
    }
  },
}

function keepVersion(client: KubernetesClient, { clock, log, scope }: Host): Cluster['version'] {
  let version: ReturnType<Cluster['version']>
  const ask = async () => {
    try {
      version = await client.serverVersion()
    } catch (error) {
      log.warn('version_unknown', 'the API server did not tell its version', { error })
    }
  }
  void ask()
  const timer = clock.interval(VERSION_EVERY_MS, () => void ask())
  scope.defer(() => timer.cancel())
  return () => version
}

/** An API server that is away leaves the last state in use: the webhook goes on, and somebody should look. */
function healthOf({ state }: Informer<NamespaceRecord>, leader: string): Health {
  if (!state.synced)
    return {
      ready: false,
      state: 'degraded',
      message: state.problem ?? 'the namespaces of the cluster are being read',
    }
  if (state.connected) return { ready: true, state: 'ok', message: `${leader || 'nobody'} leads` }
  return { ready: true, state: 'degraded', message: state.problem ?? 'the API server is away' }
}
