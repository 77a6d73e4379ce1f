import { formatAddress } from '../../../kernel/config/address.ts'
import type { Address } from '../../../kernel/module.ts'
import type { Delivery } from './delivery.ts'

/** A delivery that is asked: it is ready once it listens, and holds no texts. */
export function listeningDelivery(
  name: string,
  kind: string,
  address: Address,
  scope: AsyncDisposableStack,
): Delivery {
  return {
    name,
    isReady: true,
    health: () => ({ ready: true, state: 'ok' }),
    status: { kind, target: formatAddress(address), renditions: [], changes: 0 },
    start: () => {},
    settled: async () => {},
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  }
}
