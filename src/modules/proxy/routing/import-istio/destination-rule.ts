import { serviceOf, subsetService } from './host.ts'
import { durationText, type Section } from './section.ts'

/** Options of the proxy's clusters, in the notation of the file, without endpoints. */
export type ClusterOptions = Readonly<Record<string, unknown>>

/** What a DestinationRule says of the clusters of its service. */
export interface Policies {
  readonly service: string
  /** By the port; undefined is every other one. */
  readonly byPort: ReadonlyMap<number | undefined, ClusterOptions>
}

/** The policies of the service itself and of its subsets, which are Services of their own from now on. */
export function policiesOf(spec: Section, namespace: string): Policies[] {
  const host = spec.text('host') ?? ''
  const service = serviceOf(host, namespace)
  if (service === undefined) {
    spec.tell(`${host} is no Service of the cluster: write its cluster by hand`, 'host')
    return []
  }
  spec.leave('exportTo', 'is not carried over: the configuration of a sidecar is its own')
  spec.leave('workloadSelector', 'is not carried over: leave the cluster out where it is not meant')
  const general = policy(spec.section('trafficPolicy'), new Map())
  const subsets = spec.sections('subsets').map(subset => {
    const name = subset.text('name') ?? ''
    const target = subsetService(service, name)
    const labels = Object.entries((subset.take('labels') ?? {}) as object).map(
      ([key, value]) => `${key}=${value}`,
    )
    subset.tell(
      `make a Service ${target.name} in ${target.namespace} that selects ${labels.join(', ') || 'its pods'}`,
      'labels',
    )
    const byPort = policy(subset.section('trafficPolicy'), general)
    subset.end()
    return { service: `${target.name}.${target.namespace}`, byPort }
  })
  spec.end()
  return [{ service: `${service.name}.${service.namespace}`, byPort: general }, ...subsets]
}

type ByPort = ReadonlyMap<number | undefined, ClusterOptions>

function policy(section: Section | undefined, inherited: ByPort): ByPort {
  const byPort = new Map(inherited)
  if (section === undefined) return byPort
  byPort.set(undefined, { ...inherited.get(undefined), ...optionsOf(section) })
  for (const level of section.sections('portLevelSettings')) {
    const port = level.section('port')?.number('number')
    // Settings of a port replace those of the service; nothing is merged.
    if (port !== undefined) byPort.set(port, optionsOf(level))
    level.end()
  }
  section.end()
  return byPort
}

function optionsOf(section: Section): ClusterOptions {
  return {
    ...balancing(section.section('loadBalancer')),
    ...connections(section.section('connectionPool')),
    ...outliers(section.section('outlierDetection')),
    ...security(section.section('tls')),
  }
}

const SIMPLE: Readonly<Record<string, string>> = {
  ROUND_ROBIN: 'round_robin',
  LEAST_CONN: 'least_request',
  LEAST_REQUEST: 'least_request',
  RANDOM: 'random',
}

function balancing(section: Section | undefined): ClusterOptions {
  if (section === undefined) return {}
  const simple = section.text('simple')
  if (simple !== undefined && simple !== 'UNSPECIFIED' && SIMPLE[simple] === undefined)
    section.tell(`${simple} has no counterpart`, 'simple')
  const hash = section.section('consistentHash')
  const warmup = section.section('warmup')
  const slowStart = durationText(warmup?.text('duration') ?? section.text('warmupDurationSecs') ?? '')
  warmup?.end()
  const chosen = SIMPLE[simple ?? '']
  const options = {
    ...(chosen !== undefined && { balancing: chosen }),
    ...(hash && consistentHash(hash)),
    ...(slowStart !== undefined && { slowStart }),
  }
  section.end()
  return options
}

function consistentHash(hash: Section): ClusterOptions {
  const header = hash.text('httpHeaderName')
  const cookie = hash.section('httpCookie')
  const cookieName = cookie?.text('name')
  const source = hash.text('useSourceIp') === 'true'
  const balancing = hash.has('maglev') ? 'maglev' : 'ring_hash'
  if (cookie?.has('ttl'))
    cookie.leave('ttl', 'is not carried over: no cookie is made; sessionPersistence of a route makes one')
  cookie?.end()
  hash.end()
  if (header !== undefined) return { balancing, hashOn: { header: { name: header } } }
  if (cookieName !== undefined) return { balancing, hashOn: { cookie: { name: cookieName } } }
  return source ? { balancing, hashOn: { sourceAddress: {} } } : {}
}

function connections(section: Section | undefined): ClusterOptions {
  const tcp = section?.section('tcp')
  const http = section?.section('http')
  const circuitBreakers = defined({
    maxConnections: tcp?.number('maxConnections'),
    maxPending: http?.number('http1MaxPendingRequests'),
    maxRequests: http?.number('http2MaxRequests'),
    maxRetries: http?.number('maxRetries'),
  })
  const upgrade = http?.text('h2UpgradePolicy')
  const options = defined({
    connectTimeout: durationText(tcp?.text('connectTimeout') ?? ''),
    idleTimeout: durationText(http?.text('idleTimeout') ?? ''),
    protocol: upgrade === 'UPGRADE' ? 'http2' : undefined,
    circuitBreakers: Object.keys(circuitBreakers).length > 0 ? circuitBreakers : undefined,
  })
  for (const part of [tcp, http, section]) part?.end()
  return options
}

/** Istio compares no success rates, so these are off. */
function outliers(section: Section | undefined): ClusterOptions {
  if (section === undefined) return {}
  const health = section.number('minHealthPercent')
  const outlierDetection = defined({
    consecutiveErrors: section.number('consecutive5xxErrors') ?? section.number('consecutiveErrors'),
    consecutiveGatewayErrors: section.number('consecutiveGatewayErrors'),
    interval: durationText(section.text('interval') ?? ''),
    baseEjectionTime: durationText(section.text('baseEjectionTime') ?? ''),
    maxEjectionPercent: section.number('maxEjectionPercent'),
    successRateDeviations: 0,
  })
  section.end()
  return { outlierDetection, ...(health !== undefined && { panicThreshold: health }) }
}

function security(section: Section | undefined): ClusterOptions {
  const mode = section?.text('mode')
  if (section === undefined || mode === undefined || mode === 'DISABLE') {
    section?.end()
    return {}
  }
  if (mode === 'ISTIO_MUTUAL') {
    section.leave('mode', 'is not carried over: between sidecars the identity module decides on mTLS')
    section.end()
    return {}
  }
  const tls = defined({
    ca: section.text('caCertificates'),
    cert: section.text('clientCertificate'),
    key: section.text('privateKey'),
    serverName: section.text('sni'),
    verify: section.text('insecureSkipVerify') === 'true' ? false : undefined,
  })
  section.end()
  return { tls }
}

function defined(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
