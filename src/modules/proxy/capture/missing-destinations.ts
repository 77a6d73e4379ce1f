import type { Problem } from '../../../kernel/config/problem.ts'
import type { ProxyConfig } from '../config.ts'
import { originalDestinations, WITHOUT_DESTINATIONS } from './original-destination.ts'

/** Told of each captured listener where this machine cannot tell where connections were meant to go. */
export function missingDestinations({ listeners }: Pick<ProxyConfig, 'listeners'>): Problem[] {
  const captured = listeners.flatMap(({ inbound, outbound }, at) => {
    if (inbound === undefined && outbound === undefined) return []
    return [['listeners', at, inbound === undefined ? 'outbound' : 'inbound']]
  })
  if (captured.length === 0) return []
  const asked = originalDestinations()
  if (typeof asked !== 'string') return []
  return captured.map(path => ({ path, message: `${asked}; ${WITHOUT_DESTINATIONS}` }))
}
