import { connect, type Socket } from 'node:net'
import type { Dialer } from '../../../http/client/dial.ts'
import { connectError, HttpClientError } from '../../../http/client/error.ts'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import type { CallResult, Endpoint, Lease } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { FAILURES, type FailureCode } from '../failure.ts'
import { failureOf } from './upstream-failure.ts'

/** Another endpoint is tried when one cannot be reached: nothing has been sent yet. */
const MAX_TRIES = 3

export interface DialOwner {
  /** `release` is called once, when the connection has ended. */
  connected(socket: Socket, release: () => void, endpoint: Endpoint): void
  /** `endpoint`: the one that was tried last. */
  failed(code: FailureCode, detail: string, endpoint: Endpoint | undefined): void
}

/** How an endpoint is reached; undefined: plainly. */
export type DialerOf = (endpoint: Endpoint) => Dialer | undefined

/** Makes a connection to an endpoint of a cluster, within its breakers. Exactly one of the owner's two is called, unless cancelled before. */
export class Dial {
  readonly #cluster: RunningCluster
  readonly #clock: Clock
  readonly #owner: DialOwner
  readonly #dialerOf: DialerOf | undefined
  #socket: Socket | undefined
  #timer: Timer | undefined
  #tried: Set<Endpoint> | undefined
  #over = false

  /** Without `dialerOf` connections are plain. */
  constructor(cluster: RunningCluster, clock: Clock, owner: DialOwner, dialerOf?: DialerOf) {
    this.#cluster = cluster
    this.#clock = clock
    this.#owner = owner
    this.#dialerOf = dialerOf
  }

  begin(): void {
    if (this.#cluster.discovered) this.#try()
    else
      this.#cluster.ready.then(() => {
        if (!this.#over) this.#try()
      })
  }

  cancel(): void {
    this.#over = true
    this.#socket?.destroy()
  }

  #try(): void {
    const { connections } = this.#cluster.breakers
    if (!connections.tryAcquire()) {
      this.#fail('circuit_open', FAILURES.circuit_open.about)
      return
    }
    const lease = this.#cluster.acquire(this.#tried === undefined ? {} : { avoid: this.#tried })
    if (typeof lease === 'string') {
      connections.release()
      this.#fail(lease, FAILURES[lease].about)
    } else this.#connect(lease)
  }

  #connect(lease: Lease): void {
    const startMs = this.#clock.monotonic()
    let late = false
    let failure = UNREACHED
    const ended = (outcome: CallResult['outcome'], latencyMs: number): void => {
      lease.done({ outcome, latencyMs })
      this.#cluster.breakers.connections.release()
    }
    const elapsedMs = (): number => this.#clock.monotonic() - startMs
    let dialer: Dialer | undefined
    let socket: Socket
    try {
      dialer = this.#dialerOf?.(lease.endpoint)
      socket = dialer === undefined ? connectTo(lease.endpoint) : dialed(dialer)
    } catch (error) {
      ended('connect_failed', elapsedMs())
      this.#next(lease.endpoint, failureFrom(error as Error, lease.endpoint.key))
      return
    }
    this.#socket = socket
    this.#timer = this.#clock.timeout(this.#cluster.config.connectTimeoutMs, () => {
      late = true
      socket.destroy()
    })
    const closed = (): void => {
      this.#timer?.cancel()
      ended(this.#over ? 'cancelled' : 'connect_failed', elapsedMs())
      if (this.#over) return
      if (late) this.#fail('connect_timeout', FAILURES.connect_timeout.about, lease.endpoint)
      else this.#next(lease.endpoint, failure)
    }
    socket.on('error', error => {
      failure = dialer === undefined ? unreached(error) : failureFrom(error, dialer.peer)
    })
    socket.once('close', closed)
    socket.once(dialer?.readyEvent ?? 'connect', () => {
      this.#timer?.cancel()
      socket.off('close', closed)
      this.#over = true
      const latencyMs = elapsedMs()
      this.#owner.connected(socket, () => ended('answered', latencyMs), lease.endpoint)
    })
  }

  #next(endpoint: Endpoint, { code, detail }: Failure): void {
    this.#tried ??= new Set()
    this.#tried.add(endpoint)
    const isLast = this.#tried.size >= Math.min(MAX_TRIES, this.#cluster.endpoints().length)
    if (isLast) this.#fail(code, detail, endpoint)
    else this.#try()
  }

  #fail(code: FailureCode, detail: string, endpoint?: Endpoint): void {
    this.#over = true
    this.#owner.failed(code, detail, endpoint)
  }
}

interface Failure {
  readonly code: FailureCode
  readonly detail: string
}

const UNREACHED: Failure = { code: 'upstream_connect_failed', detail: '' }

function unreached({ message }: Error): Failure {
  return { code: 'upstream_connect_failed', detail: message }
}

function failureFrom(error: Error, peer: string): Failure {
  const known = error instanceof HttpClientError ? error : connectError(error, peer)
  return { code: failureOf(known), detail: known.message }
}

function dialed(dialer: Dialer): Socket {
  const socket = dialer.dial()
  socket.allowHalfOpen = true
  socket.setNoDelay(true)
  return socket
}

function connectTo({ socketPath, host, port }: Endpoint): Socket {
  const place = socketPath === undefined ? { host, port } : { path: socketPath }
  const socket = connect({ ...place, allowHalfOpen: true })
  socket.setNoDelay(true)
  return socket
}
