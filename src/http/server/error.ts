/** Why a request could not be served as asked. A handler that lets it pass answers with its status. */
export class HttpServerError extends Error {
  override readonly name = 'HttpServerError'
  readonly code: 'body_too_large' | 'body_malformed' | 'body_timeout' | 'client_gone'
  /** What the server answers when the handler does not. */
  readonly status: number

  constructor(code: HttpServerError['code'], status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.status = status
  }
}

export function clientGone(): HttpServerError {
  return new HttpServerError('client_gone', 499, 'the client closed the connection')
}

export function bodyTimeout(stallMs: number): HttpServerError {
  return new HttpServerError('body_timeout', 408, `no byte of the body came for ${stallMs} ms`)
}

export function bodyTooLarge(maxBytes: number): HttpServerError {
  return new HttpServerError('body_too_large', 413, `the body is larger than ${maxBytes} bytes`)
}

export function bodyCutOff(): HttpServerError {
  return new HttpServerError('body_malformed', 400, 'the connection ended before the body was complete')
}

/** A head that has begun to arrive, and did not come to its end. */
export class HeadTimeout extends Error {
  override readonly name = 'HeadTimeout'
  readonly reason = 'head_timeout'

  constructor() {
    super('the request head did not arrive in time')
  }
}
