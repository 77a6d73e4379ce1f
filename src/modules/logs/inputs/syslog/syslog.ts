import type { Address } from '../../../../kernel/module.ts'
import type { Input, InputHost } from '../input.ts'
import type { Peer } from '../network/connection.ts'
import { splitMessages } from '../network/datagram-frames.ts'
import { serveDatagrams } from '../network/datagrams.ts'
import { inputOf } from '../network/line-input.ts'
import { LineSession } from '../network/line-session.ts'
import { NetworkMeters } from '../network/meters.ts'
import { serveStreams } from '../network/stream-server.ts'
import type { SyslogConfig } from './config.ts'
import { SyslogFraming } from './framing.ts'

/** Takes syslog messages; the format of that name makes records of them. */
export async function startSyslog(config: SyslogConfig, host: InputHost): Promise<Input> {
  const { transport, maxMessageBytes } = config
  const listen: Address =
    'path' in config.listen ? { ...config.listen, mode: Number.parseInt(config.mode, 8) } : config.listen
  const meters = new NetworkMeters(host)
  if (transport === 'udp') {
    const split = (bytes: Buffer, ends: readonly number[]) => splitMessages(bytes, ends, false)
    return inputOf(await serveDatagrams({ listen, split, maxBytes: maxMessageBytes }, host, meters))
  }
  const open = (peer: Peer) => new LineSession(peer, new SyslogFraming(maxMessageBytes), host, meters)
  return inputOf(await serveStreams({ ...config, listen, open }, host, meters))
}
