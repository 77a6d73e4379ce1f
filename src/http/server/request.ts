import type { Socket } from 'node:net'
import type { RequestHead } from '../../wire/http1/head.ts'
import type { HeaderList } from '../../wire/http1/headers.ts'
import type { IncomingBody } from '../incoming-body.ts'
import { isLoopback } from '../loopback.ts'
import type { TlsPeer } from '../tls/acceptor.ts'

/** The other end of a connection, the same for all its requests. */
export interface Client {
  /** IP address; 'unix' on a Unix socket. */
  readonly address: string
  readonly fromLoopback: boolean
  readonly tls: TlsPeer | undefined
}

export function clientOf({ remoteAddress }: Socket, tls: TlsPeer | undefined): Client {
  return { address: remoteAddress ?? 'unix', fromLoopback: isLoopback(remoteAddress), tls }
}

/** A request as the handler sees it, the same for every version of HTTP. */
export class ServerRequest {
  /** The head as the codec read it; its HTTP/1 details are for proxies. */
  readonly head: RequestHead
  readonly body: IncomingBody
  readonly #client: Client
  #query: URLSearchParams | undefined

  constructor(head: RequestHead, body: IncomingBody, client: Client) {
    this.head = head
    this.body = body
    this.#client = client
  }

  /** The client's IP address; 'unix' on a Unix socket. */
  get remoteAddress(): string {
    return this.#client.address
  }

  /** The client is on this machine: a loopback address or a Unix socket. */
  get fromLoopback(): boolean {
    return this.#client.fromLoopback
  }

  /** Who the client is by the TLS handshake; undefined on a plain connection. */
  get tls(): TlsPeer | undefined {
    return this.#client.tls
  }

  get method(): string {
    return this.head.method
  }

  /** The request target as sent. */
  get target(): string {
    return this.head.target
  }

  /** Without the query; neither decoded nor normalised. */
  get path(): string {
    return this.head.path
  }

  /** Parsed on first use. */
  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.head.search))
  }

  /** host or host:port that the request is for; '' when an HTTP/1.0 client did not say. */
  get authority(): string {
    return this.head.authority
  }

  get headers(): HeaderList {
    return this.head.headers
  }
}
