import { fileURLToPath } from 'node:url'
import type { Certificates, Hop, Speech } from './hop.ts'
import { h2load, type Load, type Served, wrk, wrkVaried } from './load.ts'
import { ownFolder, type Program, startProgram } from './programs.ts'
import { startEnvoy, startHaproxy, startNginx } from './proxies.ts'
import { startSidecar } from './sidecars.ts'

/** One way of carrying requests: what each hop speaks on both sides, from the client on. The backend speaks as the last. */
export interface Scenario {
  readonly about: string
  readonly hops: readonly { readonly from: Speech; readonly to: Speech }[]
  /** Instead of the counts that were asked for. */
  readonly connections?: number
  load(load: Load): Promise<Served>
}

/** Few connections with many streams each, as clients of HTTP/2 have; a thousand of them bring one each. */
const streamsOn = (connections: number) => (connections < 1000 ? 16 : 1)

export const scenarios: Readonly<Record<string, Scenario>> = {
  http1: {
    about: 'HTTP/1.1',
    hops: [{ from: 'http1', to: 'http1' }],
    load: wrk,
  },
  varied: {
    about: 'HTTP/1.1, no request like another',
    hops: [{ from: 'http1', to: 'http1' }],
    load: wrkVaried,
  },
  paced: {
    about: 'HTTP/1.1, 1,000 requests a second',
    hops: [{ from: 'http1', to: 'http1' }],
    connections: 16,
    load: load => h2load({ ...load, streams: 1, requestsPerSecond: 1000 }),
  },
  tls: {
    about: 'HTTP/1.1, TLS from the client',
    hops: [{ from: 'tls', to: 'http1' }],
    load: wrk,
  },
  mtls: {
    about: 'HTTP/1.1, mTLS between two proxies, figures of both together',
    hops: [
      { from: 'http1', to: 'mtls' },
      { from: 'mtls', to: 'http1' },
    ],
    load: wrk,
  },
  'tls-out': {
    about: 'HTTP/1.1, TLS to the backend',
    hops: [{ from: 'http1', to: 'tls' }],
    load: wrk,
  },
  http2: {
    about: 'HTTP/2',
    hops: [{ from: 'http2', to: 'http2' }],
    load: load => h2load({ ...load, streams: streamsOn(load.connections) }),
  },
  grpc: {
    about: 'gRPC-shaped: HTTP/2, POST, answer with trailers',
    hops: [{ from: 'http2', to: 'http2' }],
    load: load =>
      h2load({ ...load, path: `/grpc${load.path}`, streams: streamsOn(load.connections), grpc: true }),
  },
  tcp: {
    about: 'TCP',
    hops: [{ from: 'tcp', to: 'tcp' }],
    load: wrk,
  },
}

/** Starts a proxy for one hop; undefined where it cannot do that. */
export type Side = (hop: Hop, certificates: Certificates) => Promise<Program> | undefined

export const sides: Readonly<Record<string, Side>> = {
  haproxy: startHaproxy,
  nginx: startNginx,
  envoy: startEnvoy,
  bare: startBareRelay,
  outrigger: startOutrigger,
}

/** What Node's sockets alone cost; speaks HTTP/1.1 only. */
function startBareRelay({ port, backendPort, from, to }: Hop): Promise<Program> | undefined {
  if (from !== 'http1' || to !== 'http1') return undefined
  const relay = fileURLToPath(new URL('bare-relay.js', import.meta.url))
  const command = [process.execPath, '--max-semi-space-size=4', relay, String(port), String(backendPort)]
  return startProgram(command, port, ownFolder('bare'))
}

function startOutrigger(hop: Hop, certificates: Certificates): Promise<Program> {
  const { port, backendPort, from, to } = hop
  const { ca, server, client } = certificates
  const limit = 100_000
  const shown = `tls: { certificates: [{ cert: "${server.cert}", key: "${server.key}" }]`
  const listener = [
    `name: bench, listen: "127.0.0.1:${port}", upstream: back`,
    ...(from === 'tcp' ? ['protocol: tcp'] : []),
    ...(from === 'tls' ? [`${shown} }`] : []),
    ...(from === 'mtls' ? [`${shown}, clients: require, ca: "${ca}" }`] : []),
  ]
  const upstream = [
    `endpoints: [{ address: "127.0.0.1:${backendPort}" }]`,
    `circuitBreakers: { maxConnections: ${limit}, maxPending: ${limit}, maxRequests: ${limit} }`,
    ...(to === 'http2' ? ['protocol: http2'] : []),
    ...(to === 'tls' ? [`tls: { ca: "${ca}", serverName: localhost }`] : []),
    ...(to === 'mtls'
      ? [`tls: { ca: "${ca}", serverName: localhost, cert: "${client.cert}", key: "${client.key}" }`]
      : []),
  ]
  return startSidecar(`proxy:
  listeners: [{ ${listener.join(', ')} }]
  upstreams: { back: { ${upstream.join(', ')} } }
`)
}
