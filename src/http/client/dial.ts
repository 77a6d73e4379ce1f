import { connect, isIP, type Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { HttpClientError } from './error.ts'

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

/** An origin: http or https URL (its path is not used), or a Unix socket. */
export type Origin = URL | { readonly path: string }

/** Loads node:tls only for https. Throws TypeError for another scheme, HttpClientError tls_failed for unusable keys. */
export function createDialer(origin: Origin, tls: ClientTls = {}): Dialer {
  if (!(origin instanceof URL)) {
    const { path } = origin
    return { peer: path, authority: 'localhost', readyEvent: 'connect', dial: () => connect({ path }) }
  }
  const host = origin.hostname.replace(/^\[|\]$/g, '')
  const secure = origin.protocol === 'https:'
  if (!secure && origin.protocol !== 'http:')
    throw new TypeError(`the origin ${origin.protocol}//${origin.host} is neither http nor https`)
  const port = Number(origin.port || (secure ? 443 : 80))
  const peer = `${origin.hostname}:${port}`
  const authority = origin.host
  if (!secure) return { peer, authority, readyEvent: 'connect', dial: () => connect({ host, port }) }
  return { peer, authority, readyEvent: 'secureConnect', dial: secureDial(host, port, tls) }
}

function secureDial(host: string, port: number, tls: ClientTls): () => Socket {
  const nodeTls = process.getBuiltinModule('node:tls')
  const secureContext = readKeys(nodeTls, tls, `${host}:${port}`)
  const name = tls.serverName ?? host
  // A session can be resumed: that spares the handshake of later connections most of its cost.
  let session: Buffer | undefined
  return () => {
    const socket = nodeTls.connect({
      host,
      port,
      secureContext,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: tls.verify ?? true,
      ...(isIP(name) === 0 && { servername: name }),
      ...(session !== undefined && { session }),
    })
    socket.on('session', (next: Buffer) => {
      session = next
    })
    return socket
  }
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
