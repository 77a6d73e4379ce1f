import { hostname } from 'node:os'
import type { Slice } from '../../batch.ts'
import { RecordView } from '../../template/template.ts'
import { type NetworkPeer, openNetworkPeer } from '../network-peer.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import type { SyslogConfig } from './config.ts'
import { framed } from './framing.ts'
import { MessageWriter } from './message-writer.ts'

const RECORDS_PER_STEP = 128

/** Sends records to a syslog server, each as one message. */
export const openSyslog: OpenOutput<SyslogConfig> = async (config, host) => new SyslogOutput(config, host)

class SyslogOutput implements Output {
  readonly limits: Limits
  readonly #host: OutputHost
  readonly #peer: NetworkPeer
  readonly #writer: MessageWriter
  readonly #frame: (message: Buffer) => Buffer

  constructor(config: SyslogConfig, host: OutputHost) {
    const { url, format, framing = format === 'rfc5424' ? 'octets' : 'newline' } = config
    this.#host = host
    this.#writer = new MessageWriter(config, hostname())
    this.#frame = framed(url.startsWith('udp:') ? 'datagram' : framing)
    this.#peer = openNetworkPeer(
      {
        url,
        defaultPort: url.startsWith('tls:') ? 6514 : 514,
        // A URL with tls and no options trusts well-known authorities.
        tls: url.startsWith('tls:') ? (config.tls ?? { verify: true }) : undefined,
        timeoutMs: config.timeoutMs,
      },
      host,
    )
    this.limits = {
      maxBytes: 256 * 1024,
      maxRecords: 1000,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const messages: Buffer[] = []
    const view = new RecordView()
    for (const { frame, from, to } of slices) {
      for (let i = from; i < to; i++) {
        if (messages.length % RECORDS_PER_STEP === 0) {
          const pause = this.#host.slice()
          if (pause) await pause
        }
        messages.push(this.#frame(this.#writer.write(view.at(frame.batch, i))))
      }
    }
    if (messages.length === 0) return { kind: 'done' }
    const failure = await this.#peer.send(messages, signal)
    if (failure !== undefined) return failure
    if (this.#writer.replaced > 0) this.#host.invalidUtf8.inc(this.#writer.replaced)
    this.#writer.replaced = 0
    return { kind: 'done' }
  }
}
