import type { Socket } from 'node:net'
import type { TlsPeer } from '../../../http/tls/acceptor.ts'
import { HeaderList } from '../../../wire/http1/headers.ts'
import { type Spoken, serverNameOf } from '../capture/first-bytes.ts'
import type { Endpoint } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { FAILURES, type FailureCode } from '../failure.ts'
import { Dial, type DialOwner } from '../forward/dial.ts'
import { type Admission, isRefusal } from '../forward/gate.ts'
import { NOTHING, type Tunnel } from '../forward/tunnels.ts'
import type { Observed } from '../observation/observed.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'
import type { TcpRelay } from './tcp-relay.ts'

/** A connection that is passed on as it is. */
export interface Passed {
  readonly socket: Socket
  /** Of the TLS that has been taken off it. */
  readonly tls?: TlsPeer | undefined
  /** What it speaks, where that was looked at. */
  readonly spoken?: Spoken
  /** What it has said and cannot be read from it again. */
  readonly rest?: Buffer
  /** The port that it was meant for. */
  readonly port: number
}

/** Where it goes; metrics know the cluster by `label`. */
export interface Target {
  readonly cluster: RunningCluster
  readonly label: string
}

/** Access rules and limits, as far as they hold for connections. */
export interface ConnectionGate {
  /** Never rejects. */
  admitConnection(view: RequestView): Admission | Promise<Admission>
}

/** One connection on its way. It ends exactly once, in `#end`. */
export class PassedConnection {
  readonly #relay: TcpRelay
  readonly #passed: Passed
  readonly #client: string
  readonly #observed: Observed | undefined
  /** As much of a request as a connection has. */
  #view: RequestView
  #target: Target | undefined
  #endpoint: Endpoint | undefined
  #dial: Dial | undefined
  #tunnel: Tunnel | undefined
  #over = false

  constructor(relay: TcpRelay, passed: Passed) {
    const { socket, tls, spoken, port } = passed
    this.#relay = relay
    this.#passed = passed
    this.#client = socket.remoteAddress ?? 'unix'
    const peer = { address: this.#client, ...(tls?.identity !== undefined && { identity: tls.identity }) }
    const serverName = (spoken && serverNameOf(spoken)) || tls?.sni || undefined
    const headers = new HeaderList([])
    this.#view = { method: '', path: '', search: '', host: '', port, headers, serverName, peer }
    this.#observed = relay.watched.observer?.beginOther(
      {
        protocol: spoken?.kind === 'tls' ? 'TLS' : 'TCP',
        client: this.#client,
        ...(tls?.identity !== undefined && { identity: tls.identity }),
        ...(serverName !== undefined && { serverName }),
      },
      relay.parts.host.clock.monotonic(),
    )
    relay.connections++
    socket.on('error', ignore)
    socket.allowHalfOpen = true
    socket.pause()
    socket.once('close', this.#gone)
  }

  /** Without a target it is closed. */
  begin(target: Target | undefined, gate: ConnectionGate | undefined): void {
    this.#target = target
    const admission = gate === undefined ? this.#view : gate.admitConnection(this.#view)
    if (admission instanceof Promise) admission.then(late => this.#admitted(late))
    else this.#admitted(admission)
  }

  refuse({ code, detail }: Pick<Refusal, 'code' | 'detail'>): void {
    this.#end(code, detail)
    this.#passed.socket.destroy()
  }

  #admitted(admission: Admission): void {
    if (this.#over) return
    const { audits } = admission
    if (audits !== undefined) this.#view = { ...this.#view, audits }
    if (isRefusal(admission)) this.refuse(admission)
    else if (this.#target === undefined)
      this.refuse(refusal('route_not_found', 'where the connection is to go is not known'))
    else this.#connect(this.#target.cluster)
  }

  #connect(cluster: RunningCluster): void {
    const tunnel = this.#relay.tunnels.reserve()
    if (tunnel === undefined) {
      this.refuse(refusal('circuit_open', 'as many tunnels as are allowed'))
      return
    }
    this.#tunnel = tunnel
    const { socket, rest = NOTHING } = this.#passed
    const { host, clients } = this.#relay.parts
    const isTls = this.#passed.spoken?.kind === 'tls'
    const owner: DialOwner = {
      connected: (upstream, release, endpoint) => {
        socket.off('close', this.#gone)
        this.#endpoint = endpoint
        tunnel.join({ stream: socket, rest }, { stream: upstream, rest: NOTHING }, () => {
          release()
          this.#relay.received.inc(tunnel.received)
          this.#relay.sent.inc(tunnel.sent)
          this.#end()
        })
      },
      failed: (code, detail, endpoint) => {
        this.#endpoint = endpoint
        tunnel.giveUp()
        this.refuse({ code, detail })
      },
    }
    this.#dial = new Dial(cluster, host.clock, owner, endpoint => clients.dialer(cluster, endpoint, isTls))
    tunnel.onBreak(() => socket.destroy())
    this.#dial.begin()
  }

  readonly #gone = (): void => {
    this.#dial?.cancel()
    this.#tunnel?.giveUp()
    this.#end('client_gone', 'the client closed its connection')
  }

  #end(failure?: FailureCode, detail = ''): void {
    if (this.#over) return
    this.#over = true
    const { parts, name } = this.#relay
    const label = this.#target?.label ?? ''
    const { identity } = this.#passed.tls ?? {}
    this.#relay.connections--
    this.#relay.counts(label).count(failure === undefined ? 200 : FAILURES[failure].status, failure, identity)
    const endpoint = this.#endpoint
    if (failure !== undefined) {
      const scene = {
        listener: name,
        upstream: label,
        endpoint: endpoint?.key,
        client: this.#client,
        identity,
      }
      parts.failures.tell(scene, failure, detail)
    }
    this.#observed?.end({
      ...{ view: this.#view, scheme: 'http', match: undefined, status: 0 },
      ...{ backend: label === '' ? undefined : { cluster: label }, endpoint, failure, detail },
      bytesReceived: this.#tunnel?.received ?? 0,
      bytesSent: this.#tunnel?.sent ?? 0,
      endMs: parts.host.clock.monotonic(),
    })
  }
}

function ignore(): void {}
