import type { Socket } from 'node:net'
import type { TlsPeer } from '../../../http/tls/acceptor.ts'
import { parseAddress } from '../../../kernel/config/address.ts'
import type { Listening } from '../../../kernel/module.ts'
import { type ListenerConfig, listenerName } from '../config.ts'
import { TlsEntry } from '../tls/entry.ts'
import type { ListenerParts } from './listener.ts'

/** What is offered to clients of TLS, by the versions of HTTP that are spoken. */
export const ALPN = { any: ['h2', 'http/1.1'], http1: ['http/1.1'], http2: ['h2'] } as const

/** Where connections go by TLS or without it, as they come. */
export async function openEntry(
  config: ListenerConfig,
  { host, tls }: ListenerParts,
  alpn: readonly string[],
  accept: (socket: Socket, tls?: TlsPeer) => void,
): Promise<{ readonly entry: TlsEntry; readonly listening: Listening }> {
  const listener = listenerName(config)
  const entry = await TlsEntry.open(config.tls, {
    ...tls,
    listener,
    host,
    alpn,
    onSecure: accept,
    onPlain: accept,
  })
  return { entry, listening: await host.listen(parseAddress(config.listen)!, entry.accept) }
}
