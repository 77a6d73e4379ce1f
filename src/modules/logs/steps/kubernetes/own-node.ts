import type { KubernetesClient } from '../../../../backends/kubernetes/client.ts'
import { RESOURCES } from '../../../../backends/kubernetes/resources.ts'
import type { StepHost } from '../step.ts'

const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000

export interface OwnNodeOptions extends Pick<StepHost, 'env' | 'clock' | 'log' | 'key'> {
  readonly client: KubernetesClient
  readonly ended: AbortSignal
}

/**
 * The node that this pod runs on, where no variable tells it: its own pod says it. A pod in the network of its node has
 * the node's name for a host name. Asks until there is an answer; rejects when there can be none.
 */
export async function ownNode({ client, env, clock, log, key, ended }: OwnNodeOptions): Promise<string> {
  const name = env['POD_NAME'] || env['HOSTNAME']
  if (!name) throw new Error('the name of the node is not known; set the variable NODE_NAME, or api.node')
  const namespace = env['POD_NAMESPACE'] || client.access.namespace
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      const pod = await client.find(RESOURCES.pods, { namespace, name }, { signal: ended })
      const { nodeName } = (pod?.['spec'] ?? {}) as { readonly nodeName?: string }
      return nodeName ?? name
    } catch (error) {
      ended.throwIfAborted()
      log.warn(
        'kubernetes_node_unknown',
        `${key}: which node this is cannot be asked yet: ${(error as Error).message}; the variable NODE_NAME would tell it`,
      )
      await clock.sleep(pauseMs, ended)
    }
  }
}
