import { parseAddress } from '../../kernel/config/address.ts'
import type { Problem } from '../../kernel/config/problem.ts'
import { type Infer, s } from '../../kernel/config/schema.ts'
import { checkAccess, checkAccessOfConnections } from './access/check.ts'
import { accessConfig } from './access/config.ts'
import { checkCaptured, detectTimeout, inboundConfig, outboundConfig } from './capture/config.ts'
import { checkListenPorts } from './capture/ports.ts'
import { checkCluster, clusterConfig, HTTP_VERSIONS } from './clusters/config.ts'
import { unknownUpstream } from './clusters/unknown-upstream.ts'
import { checkForward, forwardConfig } from './destinations/config.ts'
import { checkController, controllerConfig } from './destinations/controller.ts'
import { checkClusterIPs } from './destinations/service-addresses.ts'
import { checkFaults, faultsConfig } from './faults/config.ts'
import { checkIdentity, identityConfig } from './identity/config.ts'
import { checkLimits, limitsConfig } from './limits/config.ts'
import { checkShared, sharedLimitsConfig } from './limits/shared-config.ts'
import { checkListenerRoutes } from './listeners/check-routes.ts'
import { accessLogs, checkAccessLogs } from './observation/access-log/config.ts'
import { requestId } from './observation/request-id.ts'
import { tracing } from './observation/tracing/config.ts'
import { checkPeers, peersConfig } from './peers/config.ts'
import { routeDocument } from './routing/config.ts'
import { checkListenerTls, listenerTls } from './tls/config.ts'

const ADDRESS = /^(?:(?:unix:)?\/.+|(?:\[[0-9a-fA-F:.%]+\]|[\w.-]+):\d{1,5})$/
const UPSTREAM = /^[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?$/
const NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/

const routed = s.object(
  {
    gateway: s.string({
      about:
        'The Gateway (namespace/name, or a name of `proxy.namespace`) that this listener stands for: routes with it as parent hold here. Routes with a Service as parent hold in any case.',
      optional: true,
      pattern: /^(?:[a-z0-9-]+\/)?[a-z0-9.-]+$/,
      expected: 'namespace/name or name',
      example: 'shop/public',
    }),
    section: s.string({
      about: 'The name of the listener in that Gateway, for routes with `sectionName`.',
      optional: true,
      example: 'http',
    }),
    unrouted: s.choice(['forward', 'refuse'], {
      about:
        'What becomes of requests for a host that no route is attached to. forward: they go to the upstream that they name: `checkout.shop:80` for a service (or `checkout:80` or `checkout` in `proxy.namespace`), else an upstream called like the host. refuse: 404 route_not_found.',
      default: 'forward',
    }),
  },
  {
    about:
      'Requests go where `proxy.routes` say. Instead of `upstream`; `routed: {}` routes by the service that is asked for.',
    optional: true,
  },
)

const listener = s.object(
  {
    name: s.string({
      about: 'Its name in logs and metrics; the address unless given.',
      optional: true,
      pattern: NAME,
      expected: 'a name of lower-case letters, digits, dots and hyphens',
      example: 'checkout',
    }),
    listen: s.string({
      about: 'Where it takes connections: host:port, or the path of a Unix socket.',
      pattern: ADDRESS,
      expected: 'host:port or the path of a socket',
      example: '127.0.0.1:8080',
    }),
    protocol: s.choice(['http', 'tcp', 'tls', 'auto'], {
      about:
        'http: requests are read and forwarded one by one. tcp: whatever comes is passed on as it is. tls: TLS that the client begins with its server is passed on as it is, by the name that it asks for; what is no TLS is refused. An upstream with `tls` gets that of the client, not one within another. auto: the first bytes of a connection tell: requests of HTTP/1 and HTTP/2 are forwarded one by one, TLS that the client begins with its server and everything else is passed on as it is.',
      default: 'http',
    }),
    detectTimeout,
    versions: s.choice(['any', 'http1', 'http2'], {
      about:
        'The versions of HTTP that clients may speak. any: by TLS what ALPN agrees on; without it a connection that begins with the preface of HTTP/2 speaks that, every other HTTP/1.1. With http1 and http2 nothing else is taken.',
      default: 'any',
      otherNames: HTTP_VERSIONS,
    }),
    tls: listenerTls,
    upstream: s.string({
      about: 'The upstream that everything goes to. Instead of `routed` and `forward`.',
      optional: true,
      pattern: UPSTREAM,
      expected: 'the name of one of the upstreams',
      example: 'checkout',
    }),
    accessLog: accessLogs({
      about: 'The access logs of this listener, instead of those of the proxy; an empty list is none.',
      optional: true,
    }),
    routed,
    forward: forwardConfig,
    inbound: inboundConfig,
    outbound: outboundConfig,
    forwarded: s.choice(['append', 'replace', 'keep'], {
      about:
        'What the upstream hears of the client. append: its address joins X-Forwarded-For, and X-Forwarded-Proto and -Host are set where they are missing. replace: what the client says of itself is dropped. keep: the fields stay as they are. append unless given, but keep for a forward proxy.',
      optional: true,
    }),
    via: s.boolean({
      about:
        'Whether the listener names itself in Via, by which it finds out that a request goes round in a circle.',
      default: true,
    }),
    encodedSlashes: s.choice(['decode', 'keep', 'refuse', 'as_sent'], {
      about:
        'What becomes of %2F and %5C in a path. decode: they are the slashes that many servers take them for, so that no rule for paths is passed by. keep: they stay. refuse: 400. as_sent: the whole path stays as it came, dots and double slashes too. decode unless given, but as_sent for a forward proxy.',
      optional: true,
    }),
    tunnels: s.object(
      {
        max: s.integer({ about: 'Tunnels at one time; more are refused.', default: 10_000, min: 1 }),
        idleTimeout: s.duration({
          about:
            'A tunnel in which nothing has come from either side for this long is closed; no limit unless given. A peer that is gone is found out by TCP in any case.',
          optional: true,
          min: '1s',
        }),
      },
      {
        about: 'Limits of CONNECT, of upgraded connections such as WebSockets, and of plain TCP.',
        default: {},
      },
    ),
    maxBody: s.size({
      about:
        'How large the body of a request may be; above it 413. No limit unless given: bodies pass through, and are never held as a whole.',
      optional: true,
    }),
    underscores: s.choice(['keep', 'drop', 'refuse'], {
      about:
        'What becomes of request headers with an underscore in their name, which many applications cannot tell from those with a hyphen, so that X_Forwarded_For passes for X-Forwarded-For. keep: they go on. drop: they do not. refuse: 400. Content_Length and Transfer_Encoding are always refused.',
      default: 'keep',
    }),
    requestTimeout: s.duration({
      about: 'How long the whole exchange with the client may take; no limit unless given.',
      optional: true,
      min: '10ms',
    }),
    tryTimeout: s.duration({
      about: 'How long each try with an endpoint may take; no limit unless given.',
      optional: true,
      min: '10ms',
    }),
    retry: s.object(
      {
        attempts: s.integer({ about: 'How many tries follow the first.', min: 1, max: 10, default: 1 }),
        codes: s.list(s.integer({ about: 'A status.', min: 400, max: 599 }), {
          about: 'The answers after which a request is tried again, besides failures to connect.',
          default: [],
        }),
        backoff: s.duration({
          about:
            'Upper bound of the first wait; it doubles up to 250 ms, and each wait is random up to its bound.',
          default: '25ms',
          min: '1ms',
        }),
      },
      {
        about:
          'Whether a request is tried again, on another endpoint where there is one. Off unless given; the `retryBudget` of the upstream bounds it.',
        optional: true,
      },
    ),
    access: accessConfig,
    limits: limitsConfig,
    faults: faultsConfig,
  },
  { about: 'One listener.' },
)

export const proxyConfig = s.object(
  {
    listeners: s.list(listener, { about: 'Where the proxy takes connections.', minItems: 1 }),
    identity: identityConfig,
    peers: peersConfig,
    controller: controllerConfig,
    requestId,
    tracing,
    accessLog: accessLogs({ about: 'A line for each request that came to its end.', default: [] }),
    sharedLimits: sharedLimitsConfig,
    upstreams: s.map(clusterConfig, {
      about:
        'What requests are forwarded to, by name. A Service that routes name is the upstream `service.namespace:port`; one of `proxy.namespace` also `service:port`, or `service` for all its ports.',
      default: {},
    }),
    routes: s.list(routeDocument, {
      about: 'Route documents of the Kubernetes Gateway API, for listeners that are `routed`.',
      default: [],
    }),
    routeFiles: s.list(
      s.string({
        about: 'A YAML file with one or more documents, or a folder with such files.',
        example: '/etc/outrigger/routes',
      }),
      {
        about:
          'Files with route documents, besides those of `routes`. They are watched and read again when they change; variables are not read in them. Routes that no listener serves are skipped.',
        default: [],
      },
    ),
    namespace: s.string({
      about: 'The namespace of the application: services without one are of this one.',
      default: 'default',
      pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
      expected: 'the name of a namespace',
    }),
    unlistedServices: s.choice(['refuse', 'dns'], {
      about:
        'What becomes of Services that routes name and that are none of the upstreams. refuse: they are a mistake. dns: they are found as name.namespace.svc.`clusterDomain` when they are first used, and reached as an upstream without further options is; those of GRPCRoutes by HTTP/2.',
      default: 'refuse',
    }),
    clusterDomain: s.string({
      about: 'The domain of the services.',
      default: 'cluster.local',
      pattern: /^[\w-]+(?:\.[\w-]+)*$/,
      expected: 'a domain',
    }),
  },
  { about: 'Carries requests from listeners to upstreams.' },
)

/** What a listener is for: one of them. */
const PURPOSES = ['upstream', 'routed', 'forward', 'inbound', 'outbound'] as const

export type ProxyConfig = Infer<typeof proxyConfig>
export type ListenerConfig = ProxyConfig['listeners'][number]

function quoted(names: readonly string[]): string {
  return names.map(name => `\`${name}\``).join(', ')
}

export function listenerName({ name, listen }: ListenerConfig): string {
  return name ?? listen
}

/** What the schema cannot say. */
export function checkProxy(config: ProxyConfig): Problem[] {
  const { listeners, upstreams, accessLog, identity } = config
  const problems = [
    ...checkListenerRoutes(config),
    ...checkAccessLogs(accessLog, ['accessLog']),
    ...checkClusterIPs(config),
    ...checkShared(config.sharedLimits, listeners),
    ...within(['identity'], identity === undefined ? [] : checkIdentity(identity)),
    ...checkPeers(config.peers, listeners, identity !== undefined),
    ...within(['controller'], config.controller === undefined ? [] : checkController(config.controller)),
  ]
  const names = new Map<string, number>()
  for (const [index, listener] of listeners.entries()) {
    const { listen, name = listen, upstream, protocol, versions, tls } = listener
    if (parseAddress(listen) === undefined)
      problems.push({ path: ['listeners', index, 'listen'], message: `${listen} has a port above 65535` })
    const purposes = PURPOSES.filter(purpose => listener[purpose] !== undefined)
    if (purposes.length !== 1)
      problems.push({
        path: ['listeners', index],
        message: `expected one of ${quoted(PURPOSES)}, got ${purposes.length === 0 ? 'none' : quoted(purposes)}`,
        hint:
          purposes.length === 0
            ? 'name the upstream that everything goes to, or write routed: {} or forward: {}'
            : 'remove all but one of them',
      })
    else if (listener.forward !== undefined)
      problems.push(...checkForward(listener.forward, protocol, ['listeners', index]))
    else if (listener.inbound !== undefined || listener.outbound !== undefined)
      problems.push(...checkCaptured(listener, upstreams, ['listeners', index]))
    else if (upstream === undefined) problems.push(...checkRouted(config, index))
    else if (!Object.hasOwn(upstreams, upstream))
      problems.push({
        path: ['listeners', index, 'upstream'],
        ...unknownUpstream(upstream, Object.keys(upstreams)),
      })
    if (passesOn(protocol) && versions !== 'any')
      problems.push({
        path: ['listeners', index, 'versions'],
        message: `${protocol} passes connections on as they are, whatever they speak`,
        hint: 'use protocol: http, or leave versions out',
      })
    if (tls !== undefined && protocol === 'tls')
      problems.push({
        path: ['listeners', index, 'tls'],
        message: 'with protocol: tls it is the server behind that ends TLS',
        hint: 'remove it, or use protocol: tcp or http to end TLS here',
      })
    else if (tls !== undefined)
      problems.push(...within(['listeners', index, 'tls'], checkListenerTls(tls, identity !== undefined)))
    problems.push(...checkAccessLogs(listeners[index]!.accessLog ?? [], ['listeners', index, 'accessLog']))
    problems.push(...checkDecisions(listener, ['listeners', index]))
    const twin = names.get(name)
    if (twin !== undefined)
      problems.push({
        path: ['listeners', index],
        message: `has the name of listeners[${twin}]`,
        hint: 'give one of them another name',
      })
    names.set(name, index)
  }
  problems.push(...checkListenPorts(listeners))
  for (const [name, upstream] of Object.entries(upstreams))
    problems.push(...within(['upstreams', name], checkCluster(upstream, identity !== undefined)))
  return problems
}

function within(at: Problem['path'], problems: readonly Problem[]): Problem[] {
  return problems.map(problem => ({ ...problem, path: [...at, ...problem.path] }))
}

/** Whether connections are passed on whatever they carry. */
function passesOn(protocol: ListenerConfig['protocol']): boolean {
  return protocol === 'tcp' || protocol === 'tls'
}

function checkRouted({ listeners }: ProxyConfig, index: number): Problem[] {
  const { routed, protocol } = listeners[index]!
  const { gateway, section } = routed!
  const path = ['listeners', index, 'routed']
  if (section !== undefined && gateway === undefined)
    return [{ path: [...path, 'section'], message: 'is of no Gateway', hint: 'add gateway' }]
  if (protocol === 'tcp' && gateway === undefined)
    return [
      {
        path,
        message: 'a connection does not say which service it is for',
        hint: 'give gateway, and attach a TCPRoute to it',
      },
    ]
  return []
}

function checkDecisions(
  { protocol, tls, access, limits, faults }: ListenerConfig,
  path: readonly (string | number)[],
): Problem[] {
  const problems = [
    ...(access === undefined ? [] : checkAccess(access, [...path, 'access'])),
    ...checkLimits(limits, [...path, 'limits']),
    ...checkFaults(faults, [...path, 'faults']),
  ]
  if (!passesOn(protocol)) return problems
  const noEffect = (...option: (string | number)[]): Problem => ({
    path: [...path, ...option],
    message: `has no effect with protocol: ${protocol}, which passes connections on unread`,
    hint: 'use protocol: http, or remove it',
  })
  const identity = tls !== undefined && tls.mode !== 'off'
  const told = { identity, serverName: identity || protocol === 'tls' }
  if (access !== undefined) problems.push(...checkAccessOfConnections(access, told, [...path, 'access']))
  for (const [index, { header, routes }] of limits.entries()) {
    if (header !== undefined) problems.push(noEffect('limits', index, 'header'))
    if (routes !== undefined) problems.push(noEffect('limits', index, 'routes'))
  }
  if (faults.length > 0) problems.push(noEffect('faults'))
  return problems
}
