import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { Deadline, DeadlineWheel } from '../deadline-wheel.ts'
import type { Timers } from '../timers.ts'
import type { ClientCertificates, OnSecure, TlsPeer } from './acceptor.ts'
import { type HandshakeFailure, handshakeFailure, verificationFailure } from './failure.ts'
import { identityOf, identityProblem } from './identity.ts'

const PLAIN_HTTP_TEXT = 'this port speaks TLS: use https\n'
const PLAIN_HTTP = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${PLAIN_HTTP_TEXT.length}\r\nConnection: close\r\n\r\n${PLAIN_HTTP_TEXT}`

/** The acceptor as its handshakes see it. */
export interface HandshakeOwner {
  readonly wheel: DeadlineWheel
  readonly clock: Timers
  readonly handshakeTimeoutMs: number
  readonly clientCertificates: ClientCertificates
  readonly trustDomain: string | undefined
  readonly describe: ((certificate: X509Certificate) => string) | undefined
  /** As RFC 7301 writes it. */
  readonly alpn: Uint8Array | undefined
  readonly context: SecureContext
  readonly hasNames: boolean
  readonly onServerName: (name: string, done: (error: Error | null, context?: SecureContext) => void) => void
  readonly underWay: Set<Handshake>
  failed(reason: HandshakeFailure, remoteAddress: string): void
}

/** One connection from its first byte to the verdict over its client. */
export class Handshake implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly #owner: HandshakeOwner
  readonly #raw: Socket
  readonly #socket: TLSSocket
  readonly #onSecure: OnSecure
  readonly #remoteAddress: string

  constructor(owner: HandshakeOwner, raw: Socket, onSecure: OnSecure) {
    this.#owner = owner
    this.#onSecure = onSecure
    this.#raw = raw
    this.#remoteAddress = raw.remoteAddress ?? ''
    const { TLSSocket } = process.getBuiltinModule('node:tls')
    this.#socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: owner.context,
      ...(owner.alpn && { ALPNProtocols: owner.alpn }),
      requestCert: owner.clientCertificates !== 'none',
      // The verdict is ours (see #verdict): with it the reason is known and counted.
      rejectUnauthorized: false,
      ...(owner.hasNames && { SNICallback: owner.onServerName }),
    })
    this.#socket.on('secure', this.#secured)
    this.#socket.on('error', this.#broken)
    this.#socket.on('close', this.#closed)
    owner.wheel.arm(this, owner.handshakeTimeoutMs)
  }

  expire(): void {
    this.#fail('timeout')
  }

  /** The acceptor ends: not a failure of the client. */
  abandon(): void {
    this.#leave()
    this.#socket.destroy()
  }

  readonly #secured = (): void => {
    const certificate =
      this.#owner.clientCertificates === 'none' ? undefined : this.#socket.getPeerX509Certificate()
    const verdict = this.#verdict(certificate)
    if (verdict !== undefined) {
      this.#fail(verdict)
      return
    }
    this.#leave()
    const identity = certificate && identityOf(certificate)?.uri
    const description = certificate && this.#owner.describe?.(certificate)
    const peer: TlsPeer = {
      ...(identity !== undefined && { identity }),
      certified: certificate !== undefined,
      ...(description !== undefined && { description }),
      alpn: this.#socket.alpnProtocol || '',
      sni: typeof this.#socket.servername === 'string' ? this.#socket.servername : '',
    }
    this.#onSecure(this.#socket, peer)
  }

  readonly #broken = (error: NodeJS.ErrnoException): void => {
    // Somebody who wrote http:// for https:// should find out. The raw socket is still there, beneath the TLS.
    if (error.code === 'ERR_SSL_HTTP_REQUEST') this.#raw.on('error', ignore).end(PLAIN_HTTP)
    this.#fail(handshakeFailure(error))
  }

  readonly #closed = (): void => this.#fail('closed')

  #verdict(certificate: ReturnType<TLSSocket['getPeerX509Certificate']>): HandshakeFailure | undefined {
    const { clientCertificates, trustDomain, clock } = this.#owner
    if (certificate === undefined) return clientCertificates === 'require' ? 'certificate_missing' : undefined
    const error = verifyError(this.#socket)
    if (error) return verificationFailure(error.code)
    // A continued session shows the certificate that it began with.
    if (certificate.validToDate.getTime() <= clock.now()) return 'certificate_expired'
    if (trustDomain !== undefined && identityProblem(identityOf(certificate), { trustDomain }))
      return 'identity_untrusted'
    return undefined
  }

  #fail(reason: HandshakeFailure): void {
    this.#leave()
    this.#socket.destroy()
    this.#owner.failed(reason, this.#remoteAddress)
  }

  #leave(): void {
    this.#owner.wheel.remove(this)
    this.#owner.underWay.delete(this)
    this.#socket.off('secure', this.#secured)
    this.#socket.off('error', this.#broken)
    this.#socket.off('close', this.#closed)
    // The socket's next owner may listen a little later, or never.
    this.#socket.on('error', ignore)
  }
}

function ignore(): void {}

/** `authorized` is set only by servers of node:tls itself; this is what they ask. */
function verifyError(socket: TLSSocket): { readonly code: string } | null | undefined {
  return (socket as unknown as { ssl: { verifyError(): { code: string } | null } }).ssl.verifyError()
}
