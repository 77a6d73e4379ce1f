import { connect, isIP, Socket } from 'node:net'
import type { PeerCertificate, SecureContext, TLSSocket } from 'node:tls'
import type { CertificateSource } from '../tls/certificate.ts'
import { type ExpectedIdentity, identityOf, identityProblem } from '../tls/identity.ts'
import { HttpClientError } from './error.ts'
import { type ServerFailure, serverFailure } from './tls-failure.ts'
import { type ForwardProxy, Tunnel } from './tunnel.ts'

/** TLS towards a server. PEM texts. */
export interface ClientTls {
  /** Trusted authorities instead of the system's public ones. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** The client's certificate chain and key, for servers that ask for them. */
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /** The name to ask for and to check, when it is not the origin's host. */
  readonly serverName?: string
  /** false = take any certificate. Default true. */
  readonly verify?: boolean
  /** Whom the server's certificate must name by its SPIFFE URI; its host name does not matter then. */
  readonly verifyIdentity?: ExpectedIdentity
  /** Host names, one of which its certificate must be for, instead of the name that is asked for. */
  readonly verifyNames?: readonly string[]
  /** Stands in place of ca, cert and key, and is asked for each connection: a renewed certificate is used from then on. */
  readonly source?: CertificateSource
  /** Called for each connection whose server has passed the checks. */
  readonly onSecure?: (socket: TLSSocket) => void
  /** Called for each server that was reached, but with which no trusted connection came about; also when it says so late, as TLS 1.3 does of client certificates. */
  readonly onFailure?: (reason: ServerFailure) => void
}

/** How to reach one origin. */
export interface Dialer {
  /** For messages: `es.example:9200`, or a socket's path. */
  readonly peer: string
  /** The Host header's value. */
  readonly authority: string
  /** The event that tells that the connection can be used. */
  readonly readyEvent: 'connect' | 'secureConnect'
  dial(): Socket
}

/** An origin: http or https URL (its path is not used), or a Unix socket, `secure` by TLS. */
export type Origin = URL | { readonly path: string; readonly secure?: boolean }

/** `protocols` are offered by ALPN; `proxy` stands on the way of an https URL. Loads node:tls only for https. Throws TypeError for another scheme, HttpClientError tls_failed for unusable keys. */
export function createDialer(
  origin: Origin,
  tls: ClientTls = {},
  protocols: readonly string[] = ['http/1.1'],
  proxy?: ForwardProxy,
): Dialer {
  if (!(origin instanceof URL)) {
    const { path, secure = false } = origin
    const known = { peer: path, authority: 'localhost' }
    if (!secure) return { ...known, readyEvent: 'connect', dial: () => connect({ path }) }
    const dial = secureDial({ path }, 'localhost', path, tls, protocols)
    return { ...known, readyEvent: 'secureConnect', dial }
  }
  const host = origin.hostname.replace(/^\[|\]$/g, '')
  const secure = origin.protocol === 'https:'
  if (!secure && origin.protocol !== 'http:')
    throw new TypeError(`the origin ${origin.protocol}//${origin.host} is neither http nor https`)
  const port = Number(origin.port || (secure ? 443 : 80))
  const peer = `${origin.hostname}:${port}`
  const authority = origin.host
  if (!secure) return { peer, authority, readyEvent: 'connect', dial: () => connect({ host, port }) }
  const place = proxy === undefined ? { host, port } : () => new Tunnel(proxy, peer)
  const dial = secureDial(place, host, `${host}:${port}`, tls, protocols)
  return { peer, authority, readyEvent: 'secureConnect', dial }
}

type Place = { readonly host: string; readonly port: number } | { readonly path: string } | (() => Tunnel)

function secureDial(
  place: Place,
  host: string,
  peer: string,
  tls: ClientTls,
  protocols: readonly string[],
): () => Socket {
  const nodeTls = process.getBuiltinModule('node:tls')
  const name = tls.serverName ?? host
  const { source } = tls
  const check = serverCheck(peer, tls)
  let certificate = source?.current()
  let secureContext =
    source === undefined || certificate !== undefined ? readKeys(nodeTls, currentKeys(tls), peer) : undefined
  // A session can be resumed: that spares the handshake of later connections most of its cost.
  let session: Buffer | undefined
  return () => {
    if (source !== undefined && source.current() !== certificate) {
      certificate = source.current()
      secureContext = certificate && readKeys(nodeTls, currentKeys(tls), peer)
      session = undefined
    }
    if (secureContext === undefined) {
      tls.onFailure?.('no_certificate')
      return failedSocket('this side has no certificate yet')
    }
    const used = secureContext
    const socket = nodeTls.connect({
      ...(typeof place === 'function' ? { socket: place() } : place),
      secureContext,
      ALPNProtocols: [...protocols],
      rejectUnauthorized: tls.verify ?? true,
      ...(isIP(name) === 0 && { servername: name }),
      ...(session !== undefined && { session }),
      ...(check && { checkServerIdentity: check }),
    })
    // A resumed session is not checked again, so one is kept only of a server that has passed the check.
    let checked = false
    let offered: Buffer | undefined
    const keep = (): void => {
      if (checked && offered !== undefined && used === secureContext) session = offered
    }
    socket.once('secureConnect', () => {
      checked = true
      keep()
      tls.onSecure?.(socket)
    })
    socket.on('session', (next: Buffer) => {
      offered = next
      keep()
    })
    if (tls.onFailure !== undefined) tellFailure(socket, tls.onFailure)
    return socket
  }
}

/** Tells why nothing came of a connection that the server has taken. */
function tellFailure(socket: TLSSocket, tell: (reason: ServerFailure) => void): void {
  let reached = false
  let secure = false
  let failure: ServerFailure | undefined
  socket.once('connect', () => {
    reached = true
  })
  socket.once('secureConnect', () => {
    secure = true
  })
  socket.on('error', error => {
    const reason = serverFailure(error)
    if (failure === undefined && (!secure || reason === 'refused_by_server')) failure = reason
  })
  socket.once('close', () => {
    // Without an error it was this side that waited no longer.
    if (reached && (!secure || failure !== undefined)) tell(failure ?? 'given_up')
  })
}

/** The keys of the source, when there is one, else those given. */
function currentKeys(tls: ClientTls): ClientTls {
  if (tls.source === undefined) return tls
  const { chain, key, trustBundle } = tls.source.current()!
  return { ca: trustBundle, cert: chain, key }
}

type ServerCheck = (host: string, certificate: PeerCertificate) => Error | undefined

/** In place of the check of the host name; called by node:tls once the certificate was found to be of a trusted authority. */
function serverCheck(peer: string, { verifyIdentity, verifyNames }: ClientTls): ServerCheck | undefined {
  if (verifyIdentity === undefined && verifyNames === undefined) return undefined
  const names = verifyNames ?? []
  return (_, certificate) => {
    const { checkServerIdentity } = process.getBuiltinModule('node:tls')
    if (names.some(name => checkServerIdentity(name, certificate) === undefined)) return undefined
    const problem =
      verifyIdentity === undefined
        ? `its certificate is not for ${names.join(' or ')}`
        : identityProblemOf(certificate, verifyIdentity)
    if (problem === undefined) return undefined
    return Object.assign(new Error(`${peer} is not who it should be: ${problem}`), {
      code: 'ERR_TLS_IDENTITY',
    })
  }
}

function identityProblemOf(certificate: PeerCertificate, expected: ExpectedIdentity): string | undefined {
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  return identityProblem(identityOf(new X509Certificate(certificate.raw)), expected)
}

/** What cannot even begin fails as a connection does, in a later turn. */
function failedSocket(reason: string): Socket {
  return new Socket().destroy(Object.assign(new Error(reason), { code: 'ERR_TLS_NO_CERTIFICATE' }))
}

function readKeys(nodeTls: typeof import('node:tls'), tls: ClientTls, peer: string): SecureContext {
  try {
    return nodeTls.createSecureContext({
      minVersion: 'TLSv1.2',
      ...(tls.ca !== undefined && { ca: tls.ca as string | Buffer | (string | Buffer)[] }),
      ...(tls.cert !== undefined && { cert: tls.cert }),
      ...(tls.key !== undefined && { key: tls.key }),
    })
  } catch (error) {
    const reason = `the CA, certificate or key for it cannot be used: ${(error as Error).message}`
    throw new HttpClientError('tls_failed', `TLS with ${peer} is not possible: ${reason}`, {
      cause: error,
      unsent: true,
    })
  }
}
