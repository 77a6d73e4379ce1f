import { fieldNotation } from '../../values/accessor.ts'
import { type Options, option, tlsServer } from '../option.ts'
import type { NotationMap, StepNotation } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { bytes, milliseconds } from '../units.ts'

const OWN_BUFFER = 'buffers grow as they are needed, up to the largest body'
const OWN_THREADS = 'connections are served by one event loop'

/** What every input that listens has. */
export function listeningOptions(port: string): Options {
  return {
    listen: option.text('0.0.0.0'),
    host: option.text(),
    port: option.integer(port),
    ...tlsServer,
  }
}

/** What every input over HTTP has. */
export function httpListeningOptions(port: string): Options {
  return {
    ...listeningOptions(port),
    buffer_max_size: option.size('4M'),
    buffer_chunk_size: option.needless(OWN_BUFFER, '512K'),
    http2: option.needless('both versions are spoken', 'true'),
    'http_server.http2': option.needless('both versions are spoken', 'true'),
    'http_server.buffer_max_size': option.size('4M'),
    'http_server.buffer_chunk_size': option.needless(OWN_BUFFER, '512K'),
    'http_server.max_connections': option.integer('0'),
    'http_server.workers': option.needless(OWN_THREADS, '1'),
    'http_server.idle_timeout': option.time('0'),
    'http_server.ingress_queue_event_limit': option.needless('what waits is on disk'),
    'http_server.ingress_queue_byte_limit': option.needless('what waits is on disk'),
    successful_response_code: option.integer('201'),
  }
}

/** Our `listen` and `tls`; what listens everywhere by default does so here, too, because senders are elsewhere. */
export function listeningOf(settings: Settings, defaultPort: number): NotationMap {
  const host = settings.text('listen') ?? settings.text('host') ?? '0.0.0.0'
  const port = settings.integer('port') ?? defaultPort
  return { listen: addressText(host, port), ...tlsOf(settings) }
}

export function addressText(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The field with the address of the sender. */
export function sourceAddressSteps(settings: Settings): readonly StepNotation[] {
  const key = settings.text('source_address_key')
  return key === undefined ? [] : [{ fill: { fields: { [fieldNotation([key]) ?? key]: '{$path}' } } }]
}

/** Our `tls` of a listener; nothing when it is off. */
export function tlsOf(settings: Settings): NotationMap {
  if (!settings.boolean('tls')) return {}
  const [cert, key, ca] = ['tls.crt_file', 'tls.key_file', 'tls.ca_file'].map(name => settings.text(name))
  if (cert === undefined || key === undefined) {
    settings.fail(settings.placeOf('tls'), 'tls', 'needs tls.crt_file and tls.key_file')
    return {}
  }
  const verifies = settings.boolean('tls.verify_client_cert') ?? false
  return { tls: { cert, key, ...(verifies && ca !== undefined && { ca }) } }
}

/** The same for inputs over HTTP, with their limits. */
export function httpListeningOf(settings: Settings, defaultPort: number): NotationMap {
  const maxBody = settings.size('buffer_max_size') ?? settings.size('http_server.buffer_max_size')
  const maxConnections = settings.integer('http_server.max_connections') ?? 0
  const idleMs = settings.time('http_server.idle_timeout') ?? 0
  return {
    ...listeningOf(settings, defaultPort),
    ...(maxBody !== undefined && { maxBody: bytes(Math.min(256 * 1024 ** 2, Math.max(1024, maxBody))) }),
    ...(maxConnections > 0 && { maxConnections }),
    ...(idleMs >= 1000 && { idleTimeout: milliseconds(idleMs) }),
  }
}

/** Our `successStatus`. */
export function successStatusOf(settings: Settings, fallback: number): NotationMap {
  const status = settings.integer('successful_response_code') ?? fallback
  if (status >= 200 && status <= 204) return { successStatus: status }
  settings.fail(
    settings.placeOf('successful_response_code'),
    'successful_response_code',
    `expected 200 to 204, got ${status}`,
  )
  return {}
}
