import { readAddress, writeAddress } from '../../../wire/ip/address.ts'
import { prefixMasks } from '../../../wire/ip/cidr.ts'
import type { RequestView } from '../request.ts'
import type { LimitConfig } from './config.ts'

/** By what a limit tells callers apart: `''` for those that cannot be told apart. */
export type CallerKey = (view: RequestView, route: string) => string

/** Allocates only for IPv6 peers: a short text for their network. */
export function callerKey({ per, header }: Pick<LimitConfig, 'per' | 'header'>): CallerKey {
  if (per === 'route') return (_, route) => route
  if (per === 'identity') return view => view.peer.identity ?? ''
  if (per === 'header') return view => view.headers.get(header!) ?? ''
  if (per === 'all') return () => ''
  const words = new Uint32Array(4)
  const masks = prefixMasks(64)
  return ({ peer: { address } }) => {
    if (!address.includes(':')) return address
    const family = readAddress(address, words)
    if (family === 0) return address
    if (family === 6) for (let at = 0; at < 4; at++) words[at] &= masks[at]!
    return writeAddress(family, words)
  }
}
