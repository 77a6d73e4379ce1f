import type { Input, InputHost } from '../input.ts'
import { JsonFraming, LineFraming } from './frames.ts'
import { LineSession } from './line-session.ts'
import { NetworkMeters } from './meters.ts'
import { type Server, type StreamServerOptions, serveStreams } from './stream-server.ts'

export interface LineInputOptions extends Omit<StreamServerOptions, 'open'> {
  readonly framing: 'lines' | 'json'
  readonly separator: string
  readonly maxMessageBytes: number
}

/** An input whose messages come on streams, each as it is for the format. */
export async function startLineInput(options: LineInputOptions, host: InputHost): Promise<Input> {
  const { framing, separator, maxMessageBytes, ...server } = options
  const meters = new NetworkMeters(host)
  const frames = () =>
    framing === 'json' ? new JsonFraming(maxMessageBytes) : new LineFraming(maxMessageBytes, separator)
  const open: StreamServerOptions['open'] = peer => new LineSession(peer, frames(), host, meters)
  return inputOf(await serveStreams({ ...server, open }, host, meters))
}

/** An input that is nothing but servers. */
export function inputOf(...servers: readonly Server[]): Input {
  return {
    rereadable: false,
    health: () => ({ ready: true, state: 'ok' }),
    async drain(deadline) {
      await Promise.all(servers.map(server => server.drain(deadline)))
    },
  }
}
