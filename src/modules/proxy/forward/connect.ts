import type { Socket } from 'node:net'
import type { ServerRequest } from '../../../http/server/request.ts'
import type {
  ResponseObserver,
  ServerResponse,
  Tunnel as TunnelToClient,
} from '../../../http/server/response.ts'
import { HeaderList } from '../../../wire/http1/headers.ts'
import type { Endpoint } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { FAILURES, type FailureCode } from '../failure.ts'
import type { Observed } from '../observation/observed.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'
import type { Backend } from '../routing/route.ts'
import { Dial, type DialOwner } from './dial.ts'
import { answerFailure } from './failure-answer.ts'
import type { Forwarder } from './forwarder.ts'
import type { TargetMetrics } from './metrics.ts'
import { schemeOf } from './request-fields.ts'
import { NOTHING, type Tunnel } from './tunnels.ts'

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n'

/** One CONNECT request (RFC 9110 section 9.3.6): the connection is made first, then the client hears of it. */
export class Connect implements ResponseObserver {
  readonly #forwarder: Forwarder
  readonly #request: ServerRequest
  readonly #response: ServerResponse
  readonly #observed: Observed | undefined
  readonly #view: RequestView
  readonly #backend: Backend | undefined
  readonly #counts: TargetMetrics
  #dial: Dial | undefined
  #tunnel: Tunnel | undefined

  /** `backend`: where it goes if it may. */
  constructor(
    forwarder: Forwarder,
    request: ServerRequest,
    response: ServerResponse,
    view: RequestView,
    backend: Backend | undefined,
  ) {
    this.#forwarder = forwarder
    this.#request = request
    this.#response = response
    this.#view = view
    this.#backend = backend
    this.#counts = forwarder.target(undefined, backend)
    this.#observed = forwarder.observer?.begin(request, forwarder.parts.clock.monotonic())
  }

  begin(cluster: RunningCluster): void {
    this.#tunnel = this.#forwarder.parts.tunnels.reserve()
    if (this.#tunnel === undefined) {
      this.refuse(refusal('circuit_open', 'as many tunnels as are allowed'))
      return
    }
    this.#response.observer = this
    const { clock, clients } = this.#forwarder.parts
    const owner: DialOwner = {
      connected: (socket, release, endpoint) => this.#connected(socket, release, endpoint),
      failed: (code, detail, endpoint) => {
        this.#tunnel!.giveUp()
        this.refuse(refusal(code, detail), endpoint)
      },
    }
    this.#dial = new Dial(cluster, clock, owner, endpoint => clients.dialer(cluster, endpoint, true))
    this.#tunnel.onBreak(() => {
      this.#dial!.cancel()
      this.#tunnel!.giveUp()
      this.refuse(refusal('draining', FAILURES.draining.about))
    })
    this.#dial.begin()
  }

  /** Over HTTP/2 the stream is the tunnel (RFC 9113 section 8.5). */
  #open(): TunnelToClient {
    if ('scheme' in this.#request.head) {
      const date = new Date(this.#forwarder.parts.clock.now()).toUTCString()
      return this.#response.agree(new HeaderList(['Date', date]), '')
    }
    const { socket, rest } = this.#response.takeOver()
    socket.on('error', () => {})
    socket.write(ESTABLISHED, 'latin1')
    return { stream: socket, rest }
  }

  refuse(refused: Refusal, endpoint?: Endpoint): void {
    const { code, status, detail } = refused
    answerFailure(this.#response, refused, false)
    this.#failed(status, code, detail, endpoint)
  }

  #failed(status: number, code: FailureCode, detail: string, endpoint?: Endpoint): void {
    this.#end(status, code, detail, endpoint)
    const { method, remoteAddress, authority } = this.#request
    const { listener, failures } = this.#forwarder.parts
    const scene = {
      listener,
      client: remoteAddress,
      method,
      host: authority,
      endpoint: endpoint?.key,
      status,
    }
    failures.tell(scene, code, detail)
  }

  drained(): void {}

  /** The client does not wait. */
  gone(): void {
    this.#dial?.cancel()
    this.#tunnel?.giveUp()
    this.#failed(FAILURES.client_gone.status, 'client_gone', FAILURES.client_gone.about)
  }

  #connected(upstream: Socket, release: () => void, endpoint: Endpoint): void {
    const tunnel = this.#tunnel!
    tunnel.join(this.#open(), { stream: upstream, rest: NOTHING }, () => {
      release()
      this.#forwarder.bytesIn.inc(tunnel.received)
      this.#forwarder.bytesOut.inc(tunnel.sent)
      this.#end(200, undefined, '', endpoint)
    })
  }

  #end(status: number, failure: FailureCode | undefined, detail: string, endpoint?: Endpoint): void {
    this.#counts.count(status, failure, this.#view.peer.identity)
    this.#observed?.end({
      ...{ view: this.#view, scheme: schemeOf(this.#request.tls), match: undefined, backend: this.#backend },
      ...{ endpoint, status, failure, detail },
      bytesReceived: this.#tunnel?.received ?? 0,
      bytesSent: this.#tunnel?.sent ?? 0,
      endMs: this.#forwarder.parts.clock.monotonic(),
    })
  }
}
