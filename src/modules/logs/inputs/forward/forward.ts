import type { Input, InputHost } from '../input.ts'
import { inputOf } from '../network/line-input.ts'
import { NetworkMeters } from '../network/meters.ts'
import { serveStreams } from '../network/stream-server.ts'
import type { ForwardConfig } from './config.ts'
import { ForwardSession } from './session.ts'

/** What a heartbeat is answered with, and what it is. */
const HEARTBEAT = Buffer.alloc(1)

/** Takes records by the protocol of Fluentd and Fluent Bit; a chunk is acknowledged once its records are in the spool. */
export async function startForward(
  config: ForwardConfig & { readonly tag?: string },
  host: InputHost,
): Promise<Input> {
  const meters = new NetworkMeters(host)
  if (config.heartbeat) {
    const receiving = await host.receive(config.listen, datagram => receiving.send(HEARTBEAT, datagram))
  }
  const open = (peer: ConstructorParameters<typeof ForwardSession>[0]) =>
    new ForwardSession(peer, config, host, meters)
  return inputOf(await serveStreams({ ...config, open }, host, meters))
}
