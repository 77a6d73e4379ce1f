import type { ListenerConfig } from '../config.ts'
import type { TunnelLimits } from '../forward/tunnels.ts'

export function tunnelLimits({ tunnels: { max, idleTimeoutMs } }: ListenerConfig): TunnelLimits {
  return { maxTunnels: max, idleTimeoutMs }
}
