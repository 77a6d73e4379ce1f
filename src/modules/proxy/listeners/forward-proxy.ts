import type { ServerRequest } from '../../../http/server/request.ts'
import type { ServerResponse } from '../../../http/server/response.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { type ListenerConfig, listenerName } from '../config.ts'
import { type Destination, OnDemand } from '../destinations/on-demand.ts'
import { destinationPolicy } from '../destinations/policy.ts'
import { createFaults } from '../faults/faults.ts'
import { Connect } from '../forward/connect.ts'
import { answerFailure } from '../forward/failure-answer.ts'
import type { Forwarder } from '../forward/forwarder.ts'
import { type Admission, type Gate, isRefusal } from '../forward/gate.ts'
import { peerOf } from '../forward/request-view.ts'
import { forPlainClients, peersOnDemand } from '../peers/on-demand.ts'
import { refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'
import { defaultsOf, hopOf } from './decisions.ts'
import type { ListenerGate } from './gate.ts'
import type { HttpService, ListenerParts } from './listener.ts'

/** A proxy that clients name as such: it goes where a request says, within the rules for destinations. */
export function forwardProxy(
  config: ListenerConfig,
  token: string,
  clusters: ClusterPool,
  { host, peers, tls }: Pick<ListenerParts, 'host' | 'peers' | 'tls'>,
  gate: ListenerGate | undefined,
): HttpService {
  const { log, metrics } = host
  const policy = destinationPolicy(config.forward!)
  const rule = defaultsOf(config)
  const listener = listenerName(config)
  const { mutualTls } = config.forward!
  const places = new OnDemand({
    clusters,
    log,
    listener,
    policy,
    rule,
    asksNobody: mutualTls === 'off',
    peers: peersOnDemand(mutualTls, peers, tls.metrics.upstreamPlain, listener),
  })
  const secured = (cluster: RunningCluster | undefined) => forPlainClients(mutualTls, cluster)
  const allowed = new DestinationGate(places, gate)
  return {
    decisions: {
      hop: hopOf(config, token, 'keep'),
      encodedSlashes: config.encodedSlashes ?? 'as_sent',
      maxBodyBytes: config.maxBodyBytes ?? Number.POSITIVE_INFINITY,
      underscores: config.underscores,
      port: 80,
      find: ({ host, port }) => places.find(bare(host), port, 'http1')?.match,
      cluster: name => secured(places.clusterNamed(name)),
      gate: allowed,
      faults: config.faults.length === 0 ? undefined : createFaults(config.faults, { metrics }),
    },
    gate,
    handle(forwarder, request, response) {
      const { form, method } = request.head
      if (method === 'CONNECT')
        connect(forwarder, place => secured(places.cluster(place)), places, allowed, request, response)
      else if (form !== 'absolute' && !('scheme' in request.head))
        refuse(
          forwarder,
          request,
          response,
          'a forward proxy needs a request with an absolute URL, or CONNECT',
        )
      else if (schemeOf(request) !== 'http')
        refuse(forwarder, request, response, 'https goes through a proxy by CONNECT')
      else forwarder.handle(request, response)
    },
  }
}

/** The rules for destinations, before access rules and limits. */
class DestinationGate implements Gate {
  readonly #places: OnDemand
  readonly #gate: ListenerGate | undefined

  constructor(places: OnDemand, gate: ListenerGate | undefined) {
    this.#places = places
    this.#gate = gate
  }

  strip(headers: HeaderList): void {
    this.#gate?.strip(headers)
  }

  admit(view: RequestView, route: string): Admission | Promise<Admission> {
    const { method, host, port } = view
    const tunnel = method === 'CONNECT'
    if (this.#places.find(bare(host), port, tunnel ? 'tunnel' : 'http1') === undefined)
      return refusal('denied', `no rule allows ${tunnel ? 'CONNECT to ' : ''}${host}:${port}`)
    return this.#gate?.admit(view, route) ?? view
  }
}

function connect(
  forwarder: Forwarder,
  clusterOf: (place: Destination) => RunningCluster | undefined,
  places: OnDemand,
  gate: Gate,
  request: ServerRequest,
  response: ServerResponse,
): void {
  const view = connectView(request)
  if (view === undefined) {
    refuse(forwarder, request, response, 'CONNECT names a host and a port')
    return
  }
  gate.strip(view.headers)
  const proceed = (admission: Admission): void => {
    const place = places.find(bare(view.host), view.port, 'tunnel')
    const { audits } = admission
    const seen = audits === undefined ? view : { ...view, audits }
    const tunnel = new Connect(forwarder, request, response, seen, place?.match.rule.backends[0])
    if (response.clientGone) {
      tunnel.gone()
      return
    }
    if (isRefusal(admission)) {
      tunnel.refuse(admission)
      return
    }
    const cluster = place && clusterOf(place)
    if (cluster === undefined) tunnel.refuse(refusal('circuit_open', 'as many destinations as are allowed'))
    else tunnel.begin(cluster)
  }
  const admission = gate.admit(view, '')
  if (admission instanceof Promise) admission.then(proceed)
  else proceed(admission)
}

function connectView(request: ServerRequest): RequestView | undefined {
  const { head } = request
  const parts = /^(.*?)\.?:(\d+)$/.exec(head.authority.toLowerCase())
  if (parts === null) return undefined
  return {
    method: head.method,
    path: '',
    search: '',
    host: parts[1]!,
    port: Number(parts[2]),
    headers: head.headers,
    serverName: request.tls?.sni,
    peer: peerOf(request),
  }
}

function refuse(
  forwarder: Forwarder,
  request: ServerRequest,
  response: ServerResponse,
  detail: string,
): void {
  const { status, code } = refusal('bad_request', detail)
  answerFailure(response, refusal(code, detail), false)
  forwarder.target(undefined, undefined).count(status, code)
  const nowMs = forwarder.parts.clock.monotonic()
  forwarder.observer?.begin(request, nowMs).end({
    ...{ view: undefined, scheme: 'http', match: undefined, backend: undefined, endpoint: undefined },
    ...{ status, failure: code, detail },
    ...{ bytesReceived: 0, bytesSent: 0, endMs: nowMs },
  })
}

/** An IPv6 address without its brackets. */
function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

function schemeOf({ head }: ServerRequest): string {
  if ('scheme' in head) return String(head.scheme)
  return head.target.slice(0, head.target.indexOf(':')).toLowerCase()
}
