import { hostname } from 'node:os'
import type { Slice } from '../../batch.ts'
import { RecordView } from '../../template/template.ts'
import { type NetworkPeer, openNetworkPeer } from '../network-peer.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { selectRecords } from '../selection.ts'
import type { GelfConfig } from './config.ts'
import { GelfWriter } from './message.ts'
import { datagramsOf } from './pieces.ts'

const RECORDS_PER_STEP = 64
const NUL = Buffer.of(0)

/** Sends records as GELF messages: datagrams, or texts with a NUL behind each in a stream. */
export const openGelf: OpenOutput<GelfConfig> = async (config, host) => new GelfOutput(config, host)

class GelfOutput implements Output {
  readonly limits: Limits
  readonly #config: GelfConfig
  readonly #host: OutputHost
  readonly #peer: NetworkPeer
  readonly #writer: GelfWriter

  constructor(config: GelfConfig, host: OutputHost) {
    const { url, timeoutMs } = config
    this.#config = config
    this.#host = host
    this.#writer = new GelfWriter(config, hostname())
    const tls = url.startsWith('tls:') ? (config.tls ?? { verify: true }) : undefined
    this.#peer = openNetworkPeer({ url, defaultPort: 12201, tls, timeoutMs }, host)
    this.limits = {
      maxBytes: 256 * 1024,
      maxRecords: 1000,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const messages: Buffer[] = []
    const tooLarge: number[] = []
    const view = new RecordView()
    let ordinal = 0
    for (const { frame, from, to } of slices) {
      for (let i = from; i < to; i++, ordinal++) {
        if (ordinal % RECORDS_PER_STEP === 0) {
          const pause = this.#host.slice()
          if (pause) await pause
        }
        const pieces = this.#piecesOf(Buffer.from(this.#writer.write(view.at(frame.batch, i))))
        if (pieces === undefined) tooLarge.push(ordinal)
        else messages.push(...pieces)
      }
    }
    const failure = messages.length === 0 ? undefined : await this.#peer.send(messages, signal)
    if (failure !== undefined) return failure
    if (tooLarge.length === 0) return { kind: 'done' }
    const reason = 'the message needs more than 128 datagrams: raise packet, or use tcp'
    return { kind: 'done', rejected: [{ slices: selectRecords(slices, tooLarge), reason }] }
  }

  #piecesOf(message: Buffer): Buffer[] | undefined {
    if (!this.#config.url.startsWith('udp:')) return [message, NUL]
    const { gzipSync } = process.getBuiltinModule('node:zlib')
    return datagramsOf(
      this.#config.compress === 'gzip' ? gzipSync(message) : message,
      this.#config.packetBytes,
    )
  }
}
