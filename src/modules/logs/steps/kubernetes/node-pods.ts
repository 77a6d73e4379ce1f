import type { KubernetesClient } from '../../../../backends/kubernetes/client.ts'
import type { StepHost } from '../step.ts'
import type { KubernetesConfig } from './config.ts'
import { type Pod, podOf } from './pod.ts'

type WatchHost = Pick<StepHost, 'scope' | 'env' | 'clock' | 'log' | 'key' | 'holdFor'>

export type ApiConfig = NonNullable<KubernetesConfig['api']>

/** Annotations that are longer than this are documents of tools. */
const MAX_ANNOTATION = 4096

/**
 * The pods of one node, kept up by a watch. Those that are gone are known on, as their files may still be read, until
 * others need the room. While the API server is away, everything stays as it was.
 */
export class NodePods {
  readonly #pods = new Map<string, Pod>()
  readonly #maxPods: number

  constructor(config: ApiConfig, host: WatchHost) {
    this.#maxPods = config.maxPods
    const ended = new AbortController()
    const watching = this.#watch(config, host, ended.signal).catch((error: unknown) => {
      if (error !== ended.signal.reason)
        host.log.error('kubernetes_unavailable', `${host.key}: ${(error as Error).message}`)
      return undefined
    })
    host.holdFor?.(watching.then(pods => pods?.synced))
    host.scope.defer(async () => {
      ended.abort()
      await (await watching)?.[Symbol.asyncDispose]()
    })
  }

  /** The same object until the pod changes. */
  get(namespace: string, name: string): Pod | undefined {
    return this.#pods.get(`${namespace}/${name}`)
  }

  async #watch(
    config: ApiConfig,
    { env, clock, log, key }: WatchHost,
    ended: AbortSignal,
  ): Promise<AsyncDisposable & { readonly synced: Promise<void> }> {
    const [{ createKubernetesClient }, { informer }, { RESOURCES }, { ownNode }] = await Promise.all([
      import('../../../../backends/kubernetes/client.ts'),
      import('../../../../backends/kubernetes/informer.ts'),
      import('../../../../backends/kubernetes/resources.ts'),
      import('./own-node.ts'),
    ])
    const client = createKubernetesClient({
      access: await accessOf(config, env, clock),
      clock,
      userAgent: 'outrigger-logs',
    })
    try {
      const node =
        config.node ?? (env['NODE_NAME'] || (await ownNode({ client, env, clock, log, key, ended })))
      const pods = informer<Pod>({
        ...{ client, clock, log, type: RESOURCES.pods, fieldSelector: `spec.nodeName=${node}` },
        project: object => podOf(object, MAX_ANNOTATION),
      })
      pods.onChange(({ type, value }) => {
        if (type !== 'removed') this.#take(value)
      })
      return closing(pods, client)
    } catch (error) {
      client.close()
      throw error
    }
  }

  #take(pod: Pod): void {
    const key = `${pod.namespace}/${pod.name}`
    const known = this.#pods.get(key)
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(pod)) return
    this.#pods.delete(key)
    if (this.#pods.size >= this.#maxPods) this.#pods.delete(this.#pods.keys().next().value ?? '')
    this.#pods.set(key, pod)
  }
}

function closing(
  pods: AsyncDisposable & { readonly synced: Promise<void> },
  client: KubernetesClient,
): AsyncDisposable & { readonly synced: Promise<void> } {
  return {
    synced: pods.synced,
    async [Symbol.asyncDispose]() {
      await pods[Symbol.asyncDispose]()
      client.close()
    },
  }
}

async function accessOf(
  { kubeconfig, serviceAccount }: ApiConfig,
  env: StepHost['env'],
  clock: StepHost['clock'],
) {
  if (kubeconfig !== undefined) {
    const { kubeconfigAccess } = await import('../../../../backends/kubernetes/kubeconfig.ts')
    return kubeconfigAccess({ path: kubeconfig, clock })
  }
  const { inClusterAccess } = await import('../../../../backends/kubernetes/access.ts')
  return inClusterAccess({
    host: env['KUBERNETES_SERVICE_HOST'],
    port: env['KUBERNETES_SERVICE_PORT'],
    folder: serviceAccount,
    clock,
  })
}

/** By scope, that is by instance of the module: the steps of all inputs share one watch. */
const shared = new WeakMap<object, Map<string, NodePods>>()

export function nodePods(config: ApiConfig, host: StepHost): NodePods {
  const ofScope = shared.get(host.scope) ?? new Map<string, NodePods>()
  shared.set(host.scope, ofScope)
  const key = JSON.stringify(config)
  let pods = ofScope.get(key)
  if (pods === undefined) {
    pods = new NodePods(config, host)
    ofScope.set(key, pods)
  }
  return pods
}
