import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { DeadlineWheel } from '../deadline-wheel.ts'
import type { Timers } from '../timers.ts'
import {
  type Contexts,
  createContexts,
  type MinTlsVersion,
  type TlsMaterials,
  ticketKeysFor,
} from './contexts.ts'
import type { HandshakeFailure } from './failure.ts'
import { Handshake, type HandshakeOwner } from './handshake.ts'

export interface TlsAcceptorOptions {
  readonly materials: TlsMaterials
  readonly clock: Timers
  /** Default TLSv1.2. */
  readonly minVersion?: MinTlsVersion
  /** What is served, in the order of preference; a client that offers none of them is refused, one that offers nothing is not. Nothing is agreed on with an empty list. Default http/1.1. */
  readonly alpn?: readonly string[]
  /** Whether clients are asked for a certificate; one that is shown is always checked. Default none. */
  readonly clientCertificates?: ClientCertificates
  /** A client's certificate must name a SPIFFE identity of this domain. Without it any name will do. */
  readonly trustDomain?: string
  /** From the connection to the end of the handshake. Default 10 s. */
  readonly handshakeTimeoutMs?: number
  /** Handshakes at one time; above it connections are closed at once. Default 1000. */
  readonly maxHandshakes?: number
  /** A text about a client's verified certificate, made once and kept with its connection. */
  readonly describe?: (certificate: X509Certificate) => string
  /** Each handshake that came to nothing; the remote address is empty for a Unix socket. */
  readonly onFailure?: (reason: HandshakeFailure, remoteAddress: string) => void
}

export type ClientCertificates = 'none' | 'request' | 'require'

/** The other side of a TLS connection. */
export interface TlsPeer {
  /** The SPIFFE URI of a verified certificate. */
  readonly identity?: string
  /** The protocol agreed on; empty when the client offered none. */
  readonly alpn: string
  /** The server name that the client asked for; empty when it named none. */
  readonly sni: string
  /** It has shown a certificate, which is verified. */
  readonly certified: boolean
  /** What `describe` made of its certificate. */
  readonly description?: string
}

export type OnSecure = (socket: TLSSocket, peer: TlsPeer) => void

export interface TlsAcceptor {
  /** Does the handshake on a connected socket; `onSecure` is called once it is done. Bound; needs no `this`. */
  readonly accept: (raw: Socket, onSecure: OnSecure) => void
  /** For connections from now on; those that exist keep what they have. Throws TypeError, and changes nothing, for unusable materials. */
  update(materials: TlsMaterials): void
  /** Handshakes under way. */
  readonly handshakes: number
  /** Breaks the handshakes under way; finished connections are not ours any more. */
  close(): void
}

/** Loads node:tls. Throws TypeError for unusable materials. */
export function createTlsAcceptor(options: TlsAcceptorOptions): TlsAcceptor {
  return new Acceptor(options)
}

class Acceptor implements TlsAcceptor, HandshakeOwner {
  readonly wheel: DeadlineWheel
  readonly handshakeTimeoutMs: number
  readonly clientCertificates: ClientCertificates
  readonly trustDomain: string | undefined
  readonly describe: ((certificate: X509Certificate) => string) | undefined
  readonly alpn: Uint8Array | undefined
  readonly clock: Timers
  readonly underWay = new Set<Handshake>()
  readonly #options: TlsAcceptorOptions
  readonly #maxHandshakes: number
  #contexts: Contexts

  constructor(options: TlsAcceptorOptions) {
    this.#options = options
    this.clock = options.clock
    this.wheel = new DeadlineWheel(options.clock)
    this.handshakeTimeoutMs = options.handshakeTimeoutMs ?? 10_000
    this.clientCertificates = options.clientCertificates ?? 'none'
    this.trustDomain = options.trustDomain
    this.describe = options.describe
    this.#maxHandshakes = options.maxHandshakes ?? 1000
    this.alpn = encodeProtocols(options.alpn ?? ['http/1.1'])
    this.#contexts = this.#create(options.materials)
  }

  readonly accept = (raw: Socket, onSecure: OnSecure): void => {
    if (this.underWay.size < this.#maxHandshakes) this.underWay.add(new Handshake(this, raw, onSecure))
    else {
      this.failed('too_many_handshakes', raw.remoteAddress ?? '')
      raw.on('error', () => {})
      raw.destroy()
    }
  }

  update(materials: TlsMaterials): void {
    this.#contexts = this.#create(materials, this.#contexts)
  }

  get handshakes(): number {
    return this.underWay.size
  }

  close(): void {
    for (const handshake of [...this.underWay]) handshake.abandon()
  }

  get context(): SecureContext {
    return this.#contexts.fallback
  }

  get hasNames(): boolean {
    return this.#contexts.names.size > 0
  }

  /** Called by node:tls for a client that names a server. */
  readonly onServerName = (
    name: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ): void => {
    const { names, fallback, hasFallback } = this.#contexts
    const context = names.find(name) ?? (hasFallback ? fallback : undefined)
    if (context !== undefined) done(null, context)
    else
      done(
        Object.assign(new Error(`no certificate for ${name}`), { code: 'ERR_SSL_NO_CERTIFICATE_FOR_NAME' }),
      )
  }

  failed(reason: HandshakeFailure, remoteAddress: string): void {
    this.#options.onFailure?.(reason, remoteAddress)
  }

  #create(materials: TlsMaterials, previous?: Contexts): Contexts {
    if (this.clientCertificates !== 'none' && materials.trustBundle === undefined)
      throw new TypeError('certificates of clients are asked for, and there is no trust bundle to check them')
    if (materials.fallback === undefined && Object.keys(materials.byName ?? {}).length === 0)
      throw new TypeError('there is no certificate to show to clients')
    const tickets = ticketKeysFor(materials.trustBundle, this.clock.now(), previous?.tickets)
    return createContexts(materials, this.#options.minVersion ?? 'TLSv1.2', tickets)
  }
}

/** The form of RFC 7301 section 3.1, made once instead of for each connection. */
function encodeProtocols(protocols: readonly string[]): Uint8Array | undefined {
  if (protocols.length === 0) return undefined
  return Buffer.concat(protocols.map(name => Buffer.from([name.length, ...Buffer.from(name, 'latin1')])))
}
