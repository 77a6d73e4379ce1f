import type { ListenerConfig } from '../config.ts'
import type { TunnelLimits } from '../forward/tunnels.ts'

/** A client that keeps a connection may just be sending on it as the drain begins: it is told with the answer. */
export const DRAIN_IDLE_MS = 1_000

export function tunnelLimits({ tunnels: { max, idleTimeoutMs } }: ListenerConfig): TunnelLimits {
  return { maxTunnels: max, idleTimeoutMs }
}
