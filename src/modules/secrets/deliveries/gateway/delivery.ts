import { createHttpServer } from '../../../../http/server/server.ts'
import { formatAddress } from '../../../../kernel/config/address.ts'
import { gatewayHandler } from '../../gateway/handler.ts'
import type { Delivery, DeliveryHost } from '../delivery.ts'
import { listeningDelivery } from '../listening.ts'
import type { GatewayDeliveryConfig } from './config.ts'

/** Vault's API, with the sidecar's token and its cache of leases. */
export async function openGatewayDelivery(
  name: string,
  config: GatewayDeliveryConfig,
  host: DeliveryHost,
): Promise<Delivery> {
  const scope = new AsyncDisposableStack()
  try {
    const { listen, requireHeader, hosts, token, cache, socketMode } = config
    const gateway = await host.gateway({ useOwnToken: token, cache, prependNamespace: true })
    const server = createHttpServer({
      clock: host.clock,
      limits: { maxConnections: 256 },
      handler: gatewayHandler({ listen, requireHeader, hosts }, gateway),
      onError: (error, request) =>
        host.log.error('gateway_request_failed', `${request.method} ${request.path} failed`, { error }),
    })
    scope.defer(() => server.close())
    const address = 'path' in listen ? { ...listen, mode: Number.parseInt(socketMode, 8) } : listen
    const listening = await host.listen(address, server.accept)
    scope.defer(() => listening.close())
    host.log.info('gateway_listening', `Vault’s API is served at ${formatAddress(listening.address)}`, {
      address: formatAddress(listening.address),
    })
    return listeningDelivery(name, 'gateway', listening.address, scope)
  } catch (error) {
    await scope.disposeAsync()
    throw error
  }
}
