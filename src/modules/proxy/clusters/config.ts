import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { BALANCINGS, goesByHash } from './balancing/create.ts'
import { clusterIPs } from './discovery/cluster-ips.ts'
import { type DiscoveryConfig, discovery } from './discovery/config.ts'
import { endpointConfig } from './discovery/endpoint-list.ts'
import { healthCheck } from './health/config.ts'
import { checkHedging, hedgingConfig } from './hedging/config.ts'

const name = (about: string, example: string) =>
  s.string({ about, pattern: /./, expected: 'a name', example })

/** What others call the versions of HTTP. */
export const HTTP_VERSIONS = { h2: 'http2', h2c: 'http2', 'http/2': 'http2', 'http/1.1': 'http1' } as const

const tls = s.object(
  {
    mode: s.choice(['simple', 'identity'], {
      about:
        'simple: as any client, with the files that stand here. identity: as the sidecar that this is, with the certificate and the authorities of `proxy.identity`, to endpoints that are sidecars too (what others call automatic mTLS).',
      default: 'simple',
    }),
    subjectAltNames: s.list(
      s.string({
        about: 'A SPIFFE ID or a host name.',
        pattern: /^(?:spiffe:\/\/[a-z0-9._-]+\/[\w./-]+|[\w*.-]+)$/,
        expected: 'a SPIFFE ID such as spiffe://example.org/ns/shop/sa/cart, or a host name',
      }),
      {
        about:
          'Who the endpoints may be: the certificate must name one of these. Unless given: with `mode: identity` the `identity` that the endpoint names, or any of the sidecar’s own trust domain where it names none; else the host name that is asked for.',
        optional: true,
        minItems: 1,
        example: ['spiffe://example.org/ns/shop/sa/cart'],
      },
    ),
    ca: s.string({
      about:
        'File with the certificates (PEM) that the endpoint’s certificate must lead to, instead of those of well-known authorities.',
      optional: true,
      example: '/etc/ssl/our-ca.pem',
    }),
    cert: s.string({
      about:
        'File with our own certificate (PEM, with its chain) for endpoints that ask for one. Needs `key`. These files are read again when they change; open connections finish what is under way.',
      optional: true,
      example: '/etc/tls/tls.crt',
    }),
    key: s.string({
      about: 'File with the private key (PEM) of `cert`.',
      optional: true,
      example: '/etc/tls/tls.key',
    }),
    verify: s.boolean({
      about:
        'Check the endpoint’s certificate. With `false` anybody on the way can read and change what is sent.',
      default: true,
    }),
    serverName: s.string({
      about: 'The name to ask for and to check; needed where endpoints are given by IP address.',
      optional: true,
      example: 'checkout.internal',
    }),
  },
  {
    about:
      'Connect by TLS. Without it connections are plain, except to endpoints that name their `identity`: those are reached by mutual TLS where the sidecar has an identity, too.',
    optional: true,
  },
)

const circuitBreakers = s.object(
  {
    maxConnections: s.integer({
      about: 'Open connections to all endpoints together.',
      default: 1024,
      min: 1,
    }),
    maxPending: s.integer({ about: 'Requests that wait for a connection.', default: 1024, min: 0 }),
    maxRequests: s.integer({ about: 'Requests under way.', default: 1024, min: 1 }),
    maxRetries: s.integer({
      about: 'Retries under way, whatever the retry budget allows.',
      default: 1024,
      min: 0,
    }),
  },
  {
    about:
      'What the backend is given at most at one time; more is refused at once with `circuit_open`, so that a slow backend does not fill the sidecar.',
    default: {},
  },
)

const retryBudget = s.object(
  {
    percent: s.number({
      about: 'Retries under way, as percent of the requests under way.',
      default: 20,
      min: 0,
      max: 100,
    }),
    minConcurrent: s.integer({
      about: 'So many retries are allowed however few requests there are.',
      default: 3,
      min: 0,
    }),
  },
  { about: 'Keeps retries from multiplying the load of a backend that is in trouble already.', default: {} },
)

const outlierDetection = s.object(
  {
    consecutiveErrors: s.integer({
      about: 'So many failures in a row (no answer, or a 5xx) eject an endpoint. 0: not looked at.',
      default: 5,
      min: 0,
    }),
    consecutiveGatewayErrors: s.integer({
      about: 'The same for no answer, 502, 503 and 504 alone. 0: not looked at.',
      default: 0,
      min: 0,
    }),
    successRateDeviations: s.number({
      about:
        'An endpoint is ejected when its success rate lies more than so many standard deviations below the mean of all. 0: not looked at.',
      default: 1.9,
      min: 0,
    }),
    latencyFactor: s.number({
      about:
        'An endpoint is ejected when its mean latency is so many times the median endpoint’s. 0: not looked at.',
      default: 0,
      min: 0,
    }),
    minHosts: s.integer({
      about: 'Success rates and latencies are compared only among at least so many endpoints.',
      default: 5,
      min: 2,
    }),
    minRequests: s.integer({
      about: 'Only endpoints with at least so many requests in an interval are compared.',
      default: 100,
      min: 1,
    }),
    interval: s.duration({ about: 'How often endpoints are compared.', default: '10s', min: '100ms' }),
    baseEjectionTime: s.duration({
      about:
        'How long the first ejection lasts; the second twice as long, and so on. An interval without trouble takes one step back.',
      default: '30s',
      min: '100ms',
    }),
    maxEjectionTime: s.duration({
      about: 'The longest ejection, before jitter.',
      default: '300s',
      min: '100ms',
    }),
    ejectionJitter: s.duration({
      about: 'Up to this is added to each ejection, so that sidecars do not all come back at once.',
      default: '1s',
    }),
    maxEjectionPercent: s.number({
      about: 'At most so many percent of the endpoints are ejected at one time; one may be in any case.',
      default: 10,
      min: 0,
      max: 100,
    }),
  },
  {
    about:
      'Leaves out for some time endpoints that fail more than others. Off unless given; `outlierDetection: {}` turns it on with its defaults.',
    optional: true,
  },
)

const hashOn = s.oneOf(
  {
    header: s.object(
      { name: name('The request header.', 'x-user-id') },
      { about: 'Requests with the same value of a header go to the same endpoint.' },
    ),
    cookie: s.object(
      { name: name('The cookie.', 'session') },
      { about: 'Requests with the same value of a cookie go to the same endpoint.' },
    ),
    sourceAddress: s.object({}, { about: 'Requests from the same IP address go to the same endpoint.' }),
  },
  { about: 'What `ring_hash` and `maglev` go by. Requests without it go to any endpoint.', optional: true },
)

export const clusterConfig = s.object(
  {
    endpoints: s.list(endpointConfig, {
      about: 'Where the backend listens. Instead of `discovery`.',
      optional: true,
      minItems: 1,
    }),
    discovery,
    clusterIPs,
    protocol: s.choice(['http1', 'http2', 'auto'], {
      about:
        'What endpoints speak. auto: HTTP/2 where TLS negotiates it, otherwise HTTP/1.1. http2 without TLS is spoken with prior knowledge.',
      default: 'auto',
      otherNames: HTTP_VERSIONS,
    }),
    tls,
    connectTimeout: s.duration({
      about: 'How long a connection may take to be made, TLS included.',
      default: '5s',
      min: '1ms',
    }),
    idleTimeout: s.duration({
      about:
        'How long an unused connection is kept, if the endpoint does not say less. Short, because a connection that the endpoint is about to close costs a request.',
      default: '3s',
      min: '1ms',
    }),
    balancing: s.choice(BALANCINGS, {
      about:
        'How an endpoint is chosen. peak_ewma: the one that answers sooner, of two; least_request: the one with fewer requests under way, of two; ring_hash and maglev: by `hashOn`.',
      default: 'peak_ewma',
    }),
    hashOn,
    slowStart: s.duration({
      about:
        'An endpoint that is new or has come back gets its full share only after this time, growing from a tenth. Of no effect on ring_hash and maglev.',
      default: '0s',
    }),
    preferZone: s.string({
      about:
        'The sidecar’s own zone: endpoints of it are preferred, and what they lack in health goes to the other zones.',
      optional: true,
      example: `\${ZONE}`,
    }),
    panicThreshold: s.number({
      about:
        'With fewer percent of the endpoints usable than this, health is not looked at and all are used: some answers are better than a run on the last ones. 0: never.',
      default: 50,
      min: 0,
      max: 100,
    }),
    healthChecks: s.list(healthCheck, {
      about: 'Active checks; an endpoint is used when it passes all of them. None unless given.',
      default: [],
    }),
    outlierDetection,
    circuitBreakers,
    retryBudget,
    hedging: hedgingConfig,
  },
  { about: 'One backend: where it listens, and how requests are spread and kept from harm.' },
)

export type ClusterConfig = Omit<Infer<typeof clusterConfig>, 'discovery'> & {
  readonly discovery?: DiscoveryConfig | undefined
}
export type OutlierDetectionConfig = NonNullable<ClusterConfig['outlierDetection']>
export type HashOn = NonNullable<ClusterConfig['hashOn']>

/** Rules between the options. Paths begin at the cluster. */
export function checkCluster(config: ClusterConfig, hasIdentity = false): Problem[] {
  const problems: Problem[] = []
  const add = (path: Problem['path'], message: string, hint: string) => problems.push({ path, message, hint })
  if (config.endpoints === undefined && config.discovery === undefined)
    add([], 'expected `endpoints` or `discovery`, got none', 'write endpoints: [{address: "127.0.0.1:8080"}]')
  if (config.endpoints !== undefined && config.discovery !== undefined)
    add(['discovery'], 'expected `endpoints` or `discovery`, got both', 'remove one of them')
  if (config.discovery?.kind === 'feed' && config.discovery.config.token && config.discovery.config.tokenFile)
    add(['discovery', 'feed', 'tokenFile'], '`token` is given, too', 'remove one of them')
  if (config.hashOn !== undefined && !goesByHash(config.balancing))
    add(
      ['hashOn'],
      `has no effect with balancing: ${config.balancing}`,
      'set balancing to ring_hash or maglev',
    )
  if ((config.tls?.cert === undefined) !== (config.tls?.key === undefined)) {
    const [given, missing] = config.tls?.cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    add(['tls', given], `\`${missing}\` is missing beside it`, `add \`${missing}\``)
  }
  if (config.tls?.mode === 'identity') {
    for (const key of ['ca', 'cert', 'key'] as const)
      if (config.tls[key] !== undefined)
        add(['tls', key], 'has no effect with mode: identity', 'remove it, or use mode: simple')
    if (!config.tls.verify)
      add(['tls', 'verify'], 'mode: identity always checks who the endpoint is', 'remove it')
    if (!hasIdentity)
      add(['tls', 'mode'], 'the sidecar has no identity', 'give it one under `proxy.identity`')
  }
  config.endpoints?.forEach(({ identity }, index) => {
    const path = ['endpoints', index, 'identity']
    if (identity === undefined) return
    if (!hasIdentity)
      add(path, 'the sidecar has no identity to show there', 'give it one under `proxy.identity`')
    else if (config.tls?.mode === 'simple')
      add(path, 'has no effect with tls.mode: simple', 'remove `tls`, or use mode: identity')
    else if (config.tls?.subjectAltNames !== undefined)
      add(path, 'has no effect beside `tls.subjectAltNames`', 'remove one of them')
  })
  if (config.tls?.subjectAltNames !== undefined && !config.tls.verify)
    add(['tls', 'subjectAltNames'], 'is not looked at with verify: false', 'remove one of them')
  const ejection = config.outlierDetection
  if (ejection !== undefined && ejection.maxEjectionTimeMs < ejection.baseEjectionTimeMs)
    add(
      ['outlierDetection', 'maxEjectionTime'],
      'is shorter than `baseEjectionTime`',
      'make it at least as long',
    )
  if (config.hedging !== undefined)
    for (const problem of checkHedging(config.hedging))
      problems.push({ ...problem, path: ['hedging', ...problem.path] })
  const seen = new Set<string>()
  config.endpoints?.forEach(({ address }, index) => {
    const key = JSON.stringify(address)
    if (seen.has(key))
      add(['endpoints', index, 'address'], 'the same address stands here twice', 'use `weight` instead')
    seen.add(key)
  })
  return problems
}
