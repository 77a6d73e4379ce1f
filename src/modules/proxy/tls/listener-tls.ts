import type { Socket } from 'node:net'
import { createTlsAcceptor, type OnSecure, type TlsAcceptor } from '../../../http/tls/acceptor.ts'
import type { TlsMaterials } from '../../../http/tls/contexts.ts'
import { HANDSHAKE_FAILURES, type HandshakeFailure } from '../../../http/tls/failure.ts'
import { tlsListener } from '../../../http/tls/mode.ts'
import { ConfigWatch } from '../../../kernel/lifecycle/config-watch.ts'
import type { Health, Host } from '../../../kernel/module.ts'
import { certificateHealth, worst } from '../identity/certificate-health.ts'
import type { Identity } from '../identity/identity.ts'
import { clientCertElement, tellsClientCert } from './client-cert.ts'
import { clientsOf, type ListenerTlsConfig } from './config.ts'
import { filesOf, type ListenerFiles, readListenerFiles } from './listener-files.ts'
import { countHandshake, type TlsMetrics } from './metrics.ts'

export interface ListenerTlsParts {
  /** As EntryOptions has it. */
  readonly detectTimeoutMs?: number
  /** Its name in logs and metrics. */
  readonly listener: string
  readonly host: Pick<Host, 'clock' | 'log'>
  readonly identity: Identity | undefined
  readonly metrics: TlsMetrics
  /** What is agreed on by ALPN, the preferred first; empty: nothing is. */
  readonly alpn: readonly string[]
  /** Connections as they come out; both bound. */
  readonly onSecure: OnSecure
  readonly onPlain: (socket: Socket) => void
}

/** A listener's TLS: certificates from files or of the sidecar, taken over when they change. */
export class ListenerTls implements Disposable {
  /** For each connection that the listener takes. Bound. */
  readonly accept: (raw: Socket) => void
  readonly #config: ListenerTlsConfig
  readonly #parts: ListenerTlsParts
  readonly #watch: ConfigWatch | undefined
  readonly #forget: (() => void) | undefined
  #files: ListenerFiles
  #acceptor: TlsAcceptor | undefined
  #trustDomain: string | undefined
  /** What was counted of certificates, by file. */
  #shown: readonly string[] = []

  /** Reads the files; rejects with the option whose file does not do. The mode is not `off`. */
  static async open(config: ListenerTlsConfig, parts: ListenerTlsParts): Promise<ListenerTls> {
    const tls = new ListenerTls(config, parts, await readListenerFiles(config))
    await tls.#watch?.watch(filesOf(config))
    return tls
  }

  private constructor(config: ListenerTlsConfig, parts: ListenerTlsParts, files: ListenerFiles) {
    const { host, identity, metrics, listener, onSecure, onPlain } = parts
    this.#config = config
    this.#parts = parts
    this.#files = files
    this.#renew()
    const plain = metrics.plain.with(listener)
    this.accept = tlsListener({
      mode: config.mode,
      clock: host.clock,
      ...(parts.detectTimeoutMs !== undefined && { detectTimeoutMs: parts.detectTimeoutMs }),
      acceptor: { accept: (raw, onSecure) => this.#begin(raw, onSecure) },
      onSecure: (socket, peer) => {
        countHandshake(metrics.handshakes, listener, socket)
        onSecure(socket, peer)
      },
      onPlain: socket => {
        plain.inc()
        onPlain(socket)
      },
    })
    if (filesOf(config).length > 0) this.#watch = new ConfigWatch(host.clock, () => void this.#reread())
    this.#forget = identity?.onChange(() => this.#takeOver())
  }

  health(): Health {
    const nowMs = this.#parts.host.clock.now()
    return worst(this.#files.certificates.map(one => certificateHealth(one.file, one, nowMs)))
  }

  /** Looks after its files no more; handshakes under way go on. */
  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]()
    this.#forget?.()
    for (const file of this.#shown) this.#parts.metrics.expiry.remove(file)
    this.#shown = []
    this.#files = { certificates: [], ca: undefined }
  }

  /** Breaks the handshakes that are under way. */
  close(): void {
    this[Symbol.dispose]()
    this.#acceptor?.close()
  }

  #begin(raw: Socket, onSecure: OnSecure): void {
    if (this.#acceptor !== undefined) {
      this.#acceptor.accept(raw, onSecure)
      return
    }
    this.#failed('no_certificate', raw.remoteAddress ?? '')
    raw.on('error', () => {}).destroy()
  }

  readonly #failed = (reason: HandshakeFailure, address: string): void => {
    const { host, listener, metrics } = this.#parts
    metrics.failures.with(listener, reason).inc()
    const why = `no TLS connection: ${HANDSHAKE_FAILURES[reason]}`
    host.log.debug('handshake_failed', why, { listener, reason, address })
  }

  #renew(): void {
    const { identity, host, alpn } = this.#parts
    const { minVersion, handshakeTimeoutMs, maxHandshakes, forwardClientCert } = this.#config
    const materials = this.#materials()
    if (materials === undefined) return
    const trustDomain = this.#expectedDomain()
    if (this.#acceptor !== undefined && trustDomain === this.#trustDomain) {
      this.#acceptor.update(materials)
      return
    }
    this.#trustDomain = trustDomain
    this.#acceptor = createTlsAcceptor({
      materials,
      clock: host.clock,
      minVersion,
      alpn,
      clientCertificates: clientsOf(this.#config),
      handshakeTimeoutMs,
      maxHandshakes,
      onFailure: this.#failed,
      ...(trustDomain !== undefined && { trustDomain }),
      ...(tellsClientCert(forwardClientCert) && {
        describe: certificate => clientCertElement(certificate, identity?.current()?.identity),
      }),
    })
  }

  /** undefined while the sidecar has no certificate and none stands here. */
  #materials(): TlsMaterials | undefined {
    const { certificates, ca } = this.#files
    const own = this.#parts.identity?.current()
    const fallback = certificates[0] ?? own
    const trustBundle = ca ?? own?.trustBundle
    const needsBundle = clientsOf(this.#config) !== 'none'
    if (fallback === undefined || (needsBundle && trustBundle === undefined)) return undefined
    return {
      fallback,
      byName: Object.fromEntries(certificates.flatMap(one => one.names.map(name => [name, one]))),
      ...(needsBundle && trustBundle !== undefined && { trustBundle }),
    }
  }

  #expectedDomain(): string | undefined {
    const { trustDomain, ca } = this.#config
    return trustDomain ?? (ca === undefined ? this.#parts.identity?.trustDomain : undefined)
  }

  /** New certificates, of the sidecar or read from files; what does not fit changes nothing. */
  #takeOver(): void {
    try {
      this.#renew()
    } catch (error) {
      this.#unusable(error)
    }
  }

  async #reread(): Promise<void> {
    const { host, listener } = this.#parts
    const before = this.#files
    try {
      this.#files = await readListenerFiles(this.#config)
      this.#renew()
      host.log.info('certificate_changed', 'took over new certificates from their files', {
        listener,
        expires: this.#files.certificates.map(({ notAfterMs }) => new Date(notAfterMs).toISOString()),
      })
    } catch (error) {
      this.#files = before
      this.#unusable(error)
    }
  }

  #unusable(error: unknown): void {
    const { host, listener } = this.#parts
    host.log.warn('certificate_unusable', 'the changed certificates do not fit; the last good ones stay', {
      listener,
      error,
    })
  }

  /** Before each exposition of the metrics. */
  showExpiry(): void {
    const { metrics, host } = this.#parts
    this.#shown = this.#files.certificates.map(({ file, notAfterMs }) => {
      metrics.expiry.with(file).set(Math.round((notAfterMs - host.clock.now()) / 1000))
      return file
    })
  }
}
