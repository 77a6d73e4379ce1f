import { jsonLines } from '../lines/layout.ts'
import { openNetworkPeer } from '../network-peer.ts'
import type { OpenOutput } from '../output.ts'
import type { TcpConfig } from './config.ts'

const MAX_BYTES = 1024 * 1024
/** Of the input `tcp`. */
const DEFAULT_PORT = 5170

/** Writes records as lines of JSON. */
export const openTcp: OpenOutput<TcpConfig> = async (config, host) => {
  const { url, timeoutMs } = config
  const linesOf = jsonLines(config.time)
  // A URL with tls and no options trusts well-known authorities.
  const tls = url.startsWith('tls:') ? (config.tls ?? { verify: true }) : undefined
  const peer = openNetworkPeer({ url, defaultPort: DEFAULT_PORT, tls, timeoutMs }, host)
  return {
    limits: { maxBytes: MAX_BYTES, maxRecords: 10_000, maxAgeMs: config.flushIntervalMs, concurrency: 1 },
    async send(slices, signal) {
      const lines = linesOf(slices)
      if (lines.length === 0) return { kind: 'done' }
      return (await peer.send([lines], signal)) ?? { kind: 'done' }
    },
  }
}
