import type { RequestHead } from '../../wire/http1/head.ts'
import type { HeaderList } from '../../wire/http1/headers.ts'
import type { IncomingBody } from '../incoming-body.ts'

/** A request as the handler sees it, the same for every version of HTTP. */
export class ServerRequest {
  /** The head as the codec read it; its HTTP/1 details are for proxies. */
  readonly head: RequestHead
  readonly body: IncomingBody
  /** The peer's IP address; 'unix' on a Unix socket. */
  readonly remoteAddress: string
  /** The peer is on this machine: a loopback address or a Unix socket. */
  readonly fromLoopback: boolean
  #query: URLSearchParams | undefined

  constructor(head: RequestHead, body: IncomingBody, remoteAddress: string, fromLoopback: boolean) {
    this.head = head
    this.body = body
    this.remoteAddress = remoteAddress
    this.fromLoopback = fromLoopback
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
