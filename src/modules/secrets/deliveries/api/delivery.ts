import { openSecretsApi } from '../../api/api.ts'
import type { Delivery, DeliveryHost } from '../delivery.ts'
import { listeningDelivery } from '../listening.ts'
import type { ApiDeliveryConfig } from './config.ts'

/** What is under way when the delivery ends may end. */
const DRAIN_MS = 2000

/** The secrets of a source by the API of Vault's KV engine. */
export async function openApiDelivery(
  name: string,
  config: ApiDeliveryConfig,
  host: DeliveryHost,
): Promise<Delivery> {
  const source = host.sourceOf(config.source)
  if (source === undefined) throw new Error(`${name}: there is no source "${config.source}"`)
  const scope = new AsyncDisposableStack()
  try {
    const { clock, dataDir, listen, log, metrics } = host
    const api = await openSecretsApi(config, source, { clock, dataDir, listen, log, metrics, scope })
    scope.defer(() => api.drain({ signal: AbortSignal.timeout(DRAIN_MS) }))
    return listeningDelivery(name, 'api', api.address, scope)
  } catch (error) {
    await scope.disposeAsync()
    throw error
  }
}
