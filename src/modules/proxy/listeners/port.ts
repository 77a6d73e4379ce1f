import { parseAddress } from '../../../kernel/config/address.ts'
import type { ListenerConfig } from '../config.ts'

/** The port of a listener on TCP; 80 on a Unix socket. */
export function portOf({ listen }: Pick<ListenerConfig, 'listen'>): number {
  const address = parseAddress(listen)
  return address !== undefined && 'port' in address ? address.port : 80
}
