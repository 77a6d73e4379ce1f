import { readAddress, writeAddress } from '../../../wire/ip/address.ts'
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
  return ({ peer: { address } }) => {
    if (!address.includes(':')) return address
    const family = readAddress(address, words)
    if (family === 6) return network(words[0], words[1])
    return family === 4 ? writeAddress(4, words) : address
  }
}

/** The first 64 bits as five characters, which no other address has. */
function network(high: number, low: number): string {
  return String.fromCharCode(0x36, high >>> 16, high & 0xffff, low >>> 16, low & 0xffff)
}
