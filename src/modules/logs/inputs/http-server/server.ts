import type { Socket } from 'node:net'
import type { ServerRequest } from '../../../../http/server/request.ts'
import type { ServerResponse } from '../../../../http/server/response.ts'
import { createHttpServer, type HttpServer } from '../../../../http/server/server.ts'
import { formatAddress } from '../../../../kernel/config/address.ts'
import type { Address, Listening } from '../../../../kernel/module.ts'
import { Allowance } from '../byte-budget.ts'
import type { Input, InputHost } from '../input.ts'
import { openInputTls } from '../network/handshakes.ts'
import type { Answer } from './answer.ts'
import { createAuthenticator } from './authentication.ts'
import { BodyBuffer, receiveBody, reserve } from './body.ts'
import type { HttpServerConfig } from './config.ts'
import { codingOf, decompress } from './decompress.ts'
import { Intake } from './intake.ts'
import { busy, type RefusalReason, Refused } from './refusal.ts'

/** A request whose body is here as a whole, decompressed. */
export interface Received {
  readonly request: ServerRequest
  readonly body: Buffer
  /** Decompresses what is compressed inside the body; throws Refused. */
  decompress(bytes: Buffer, coding: string): Promise<Buffer>
  /** Before so much is made besides the records, such as a long answer; throws Refused when there is no room for it. */
  reserve(bytes: number): void
  readonly intake: Intake
}

/** What a protocol makes of requests for one path and method. */
export interface Route {
  /** Without credentials, for questions about health. */
  readonly isOpen?: boolean
  /** Brings records: refused while the spool takes none. */
  readonly bringsRecords: boolean
  /** Throws Refused for what it does not take. */
  answer(received: Received): Answer | Promise<Answer>
}

/** A protocol on HTTP. */
export interface Service {
  /** Decides by the head alone; throws Refused. */
  route(request: ServerRequest): Route
  /** Instead of `auth`: throws Refused for a sender that may not come in. */
  readonly authorize?: (request: ServerRequest) => void
  /** How a refusal is told. */
  refusal(refused: Refused, request: ServerRequest): Answer
}

export interface HttpInputOptions {
  readonly config: HttpServerConfig
  /** All served alike; the first is `config.listen` unless there are others. */
  readonly listen?: readonly Address[]
  readonly service: Service
}

/** At a reload or the end a request may be on its way on a connection that was kept: it is answered still. */
const DRAIN_IDLE_MS = 500

/** An input that is an HTTP server; it answers that records are taken once they are in the spool. */
export async function startHttpInput(options: HttpInputOptions, host: InputHost): Promise<Input> {
  const { config } = options
  const { clock, log, metrics, name, scope } = host
  const requests = metrics.counter('http_requests_total', 'Requests of senders.', ['input', 'status'])
  const receiver = new Receiver(options, host)
  const server = createHttpServer({
    clock,
    limits: {
      maxConnections: config.maxConnections,
      idleTimeoutMs: config.idleTimeoutMs,
      bodyStallMs: config.timeoutMs,
      drainIdleMs: DRAIN_IDLE_MS,
      headTimeoutMs: Math.min(config.timeoutMs, 10_000),
    },
    handler: async (request, response) => {
      const answer = await receiver.answer(request)
      requests.with(name, String(answer.status)).inc()
      if (!response.clientGone) send(response, answer)
    },
    onError: (error, request) =>
      log.error('request_failed', `${request.method} ${request.path} failed by our own fault`, {
        input: name,
        error,
      }),
    onRejected: (error, from) => {
      receiver.count('bad_http')
      log.debug('sender_refused', error.message, { input: name, reason: error.reason, from })
    },
  })
  scope.defer(() => server.close())
  const connections = host.metrics
    .gauge('http_connections', 'Connections of senders that are open.', ['input'])
    .with(name)
  let open = 0
  const accept: HttpServer['accept'] = (socket, peer) => {
    // The server closes those above the limit.
    if (server.connections >= config.maxConnections) receiver.count('connections')
    server.accept(socket, peer)
    open++
    connections.set(open)
    socket.once('close', () => {
      open--
      connections.set(open)
    })
  }
  const listening = await listenAll(options, host, accept)
  return {
    rereadable: false,
    health: () => ({ ready: true, state: 'ok' }),
    async drain(deadline) {
      await Promise.all(listening.map(one => one.close()))
      await server.drain(deadline)
    },
  }
}

async function listenAll(
  { config, listen }: HttpInputOptions,
  host: InputHost,
  serve: HttpServer['accept'],
): Promise<Listening[]> {
  const acceptor =
    config.tls &&
    (await openInputTls(
      { tls: config.tls, alpn: ['h2', 'http/1.1'], metric: 'http_handshakes_failed_total' },
      host,
    ))
  const accept = acceptor ? (raw: Socket) => acceptor.accept(raw, serve) : (raw: Socket) => serve(raw)
  const listening: Listening[] = []
  for (const address of listen ?? [config.listen]) {
    const one = await host.listen(address, accept)
    listening.push(one)
    host.log.info('listening', `input ${host.name} takes records at ${formatAddress(one.address)}`, {
      input: host.name,
      address: formatAddress(one.address),
    })
  }
  return listening
}

/** The life of one request, from its head to the answer. */
class Receiver {
  /** Counts what is not taken. */
  readonly count: (reason: RefusalReason) => void
  readonly #options: HttpInputOptions
  readonly #host: InputHost
  readonly #intake: Intake
  readonly #authorize: (request: ServerRequest) => void
  readonly #bytes: { inc(by?: number): void }

  constructor(options: HttpInputOptions, host: InputHost) {
    const { metrics, name } = host
    this.#options = options
    this.#host = host
    this.#intake = new Intake(host)
    this.#authorize = options.service.authorize ?? authorizer(options.config)
    const refused = metrics.counter('http_refused_total', 'Requests and connections that were not taken.', [
      'input',
      'reason',
    ])
    this.count = reason => refused.with(name, reason).inc()
    this.#bytes = metrics
      .counter('http_received_bytes_total', 'Bodies of requests, as they came.', ['input'])
      .with(name)
  }

  async answer(request: ServerRequest): Promise<Answer> {
    const { service } = this.#options
    try {
      return await this.#receive(request)
    } catch (error) {
      if (error instanceof Refused) {
        this.count(error.reason)
        return error.answer ?? service.refusal(error, request)
      }
      const { log, name } = this.#host
      log.error('request_failed', `${request.method} ${request.path} failed by our own fault`, {
        input: name,
        error,
      })
      return service.refusal(busy('the records could not be made safe'), request)
    }
  }

  async #receive(request: ServerRequest): Promise<Answer> {
    const { config, service } = this.#options
    // What comes with an Origin comes from a web page, which has no business with a sidecar; CORS is never granted.
    if (request.headers.has('origin')) throw new Refused('web_page', 403, 'web pages may not send records')
    const route = service.route(request)
    if (route.isOpen !== true) this.#authorize(request)
    if (route.bringsRecords && this.#intake.isStuck) throw busy('the spool is full')
    const coding = codingOf(request.headers.combined('content-encoding'))
    using allowance = new Allowance(this.#host.budget)
    const { clock } = this.#host
    const { maxBodyBytes: maxBytes, timeoutMs } = config
    const sent = await receiveBody(request, { maxBytes, timeoutMs, allowance, clock })
    this.#bytes.inc(sent.length)
    const whole = async (bytes: Buffer, coding: string) => {
      const buffer = new BodyBuffer(maxBytes, allowance)
      await decompress(bytes, coding, buffer)
      return buffer.bytes
    }
    const body = coding === undefined ? sent : await whole(sent, coding)
    return await route.answer({
      request,
      body,
      decompress: whole,
      reserve: bytes => reserve(allowance, bytes),
      intake: this.#intake,
    })
  }
}

function authorizer({ auth }: HttpServerConfig): (request: ServerRequest) => void {
  const authenticate = createAuthenticator(auth)
  const challenge = 'Basic realm="logs", charset="UTF-8", Bearer'
  return request => {
    if (!authenticate(request.headers.get('authorization')))
      throw new Refused('unauthorized', 401, 'credentials are missing or wrong', {
        headers: { 'WWW-Authenticate': challenge },
      })
  }
}

function send(response: ServerResponse, { status, headers = {}, body, trailers }: Answer): void {
  if (trailers === undefined) {
    response.send(status, headers, body)
    return
  }
  const stream = response.start(status, headers)
  if (body !== undefined && body.length > 0) stream.put(Buffer.from(body as Buffer))
  stream.end(trailers)
}
