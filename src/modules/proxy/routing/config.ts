import { type Infer, s } from '../../../kernel/config/schema.ts'
import { DURATION } from './duration.ts'
import { filters } from './filters/config.ts'
import { backendFields } from './references.ts'

// Route documents of the Gateway API as they stand in YAML; what depends on several fields is in check.ts.

const duration = (about: string) =>
  s.string({
    about,
    optional: true,
    pattern: DURATION,
    expected: 'a duration such as 500ms, 10s or 1h30m',
    example: '10s',
  })

const text = (about: string) => s.string({ about, optional: true })

const unused = s.ignored({ about: 'Of no effect here.' })

const metadata = s.object(
  {
    name: s.string({
      about: 'The name of the route.',
      pattern: /./,
      expected: 'a name',
      example: 'checkout',
    }),
    namespace: text('Its namespace; that of the sidecar unless given.'),
    creationTimestamp: s.scalar({
      about: 'When it was made: of two rules that match equally the older one wins.',
      optional: true,
    }),
    labels: unused,
    annotations: unused,
    uid: unused,
    resourceVersion: unused,
    generation: unused,
    generateName: unused,
    managedFields: unused,
    ownerReferences: unused,
    finalizers: unused,
    selfLink: unused,
    deletionTimestamp: unused,
    deletionGracePeriodSeconds: unused,
  },
  { about: 'The name of the document, and what Kubernetes adds to it.' },
)

const parentRefs = s.list(
  s.object(
    {
      group: text('The API group of the parent: empty for a Service.'),
      kind: s.choice(['Gateway', 'Service'], {
        about: 'Service: the route holds for calls to that service. Gateway: for what a listener takes in.',
        default: 'Gateway',
      }),
      name: s.string({ about: 'The name of the parent.', example: 'checkout' }),
      namespace: text("Its namespace; the route's own unless given."),
      port: s.integer({
        about: 'Only for this port of the parent; for all unless given.',
        min: 1,
        max: 65535,
        optional: true,
      }),
      sectionName: text('Only for this listener of the Gateway, or the port of the Service with this name.'),
    },
    { about: 'One parent.' },
  ),
  { about: 'What the route is attached to.', minItems: 1 },
)

const hostnames = s.list(
  s.string({
    about: 'A host name, or one with *. in front.',
    pattern: /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    expected: 'a host name in lower case without port, such as shop.example.com or *.example.com',
  }),
  {
    about: 'The hosts that the route is for, on a Gateway. With a Service as parent they have no effect.',
    default: [],
  },
)

const valueMatch = (about: string) =>
  s.list(
    s.object(
      {
        name: s.string({ about: 'The name.', pattern: /./, expected: 'a name' }),
        type: s.choice(['Exact', 'RegularExpression'], {
          about: 'Exact: the value is this one. RegularExpression: the whole value matches.',
          default: 'Exact',
        }),
        value: s.string({ about: 'The value or the regular expression.' }),
      },
      { about: 'One condition.' },
    ),
    { about, default: [] },
  )

const httpMatch = s.object(
  {
    path: s.object(
      {
        type: s.choice(['Exact', 'PathPrefix', 'RegularExpression'], {
          about: 'PathPrefix matches whole elements: /a matches /a and /a/b, not /ab.',
          default: 'PathPrefix',
        }),
        value: s.string({
          about: 'The path, or the regular expression that the whole path must match.',
          default: '/',
        }),
      },
      { about: 'What the path must be.', default: {} },
    ),
    headers: valueMatch('Header fields that the request must have, all of them.'),
    queryParams: valueMatch('Query parameters that the request must have, all of them.'),
    method: s.string({
      about: 'The method that the request must have.',
      optional: true,
      pattern: /^[A-Z]+$/,
      expected: 'a method in capitals such as GET',
      example: 'GET',
    }),
  },
  { about: 'Conditions that must all hold.' },
)

const grpcMatch = s.object(
  {
    method: s.object(
      {
        type: s.choice(['Exact', 'RegularExpression'], { about: 'How both are compared.', default: 'Exact' }),
        service: text('The full name of the gRPC service; any unless given.'),
        method: text('The name of the method; any unless given.'),
      },
      { about: 'What is called.', default: {} },
    ),
    headers: valueMatch('Metadata that the call must have, all of it.'),
  },
  { about: 'Conditions that must all hold.' },
)

const backendRefs = s.list(s.object({ ...backendFields, filters }, { about: 'One backend.' }), {
  about: 'Where the traffic goes, shared out by weight.',
  default: [],
})

const plainBackendRefs = s.list(s.object(backendFields, { about: 'One backend.' }), {
  about: 'Where the connections go, shared out by weight.',
  minItems: 1,
})

const ruleName = s.string({
  about: 'The name of the rule in logs, metrics and explanations; its number unless given.',
  optional: true,
  pattern: /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  expected: 'a name of lower-case letters, digits and hyphens',
})

const timeouts = s.object(
  {
    request: duration('How long the whole exchange with the client may take; 0s is no limit, as is nothing.'),
    backendRequest: duration('How long each try with a backend may take; 0s is no limit, as is nothing.'),
  },
  { about: 'How long things may take.', optional: true },
)

const retry = s.object(
  {
    codes: s.list(s.integer({ about: 'A status.', min: 400, max: 599 }), {
      about: 'The answers after which a request is tried again, besides failures to connect.',
      default: [],
    }),
    attempts: s.integer({ about: 'How many tries follow the first.', min: 1, max: 20, default: 1 }),
    backoff: duration('The least time between two tries; 25ms unless given.'),
  },
  { about: 'Whether a request is tried again.', optional: true },
)

const sessionPersistence = s.object(
  {
    sessionName: s.string({
      about: 'The name of the cookie or the header.',
      optional: true,
      pattern: /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/,
      expected: 'a name without blanks and separators',
    }),
    type: s.choice(['Cookie', 'Header'], { about: 'What carries the session.', default: 'Cookie' }),
  },
  { about: 'Keeps the calls of one session on one endpoint.', optional: true },
)

const layer7 = { timeouts, retry, sessionPersistence, backendRefs, filters, name: ruleName }

const apiVersion = s.choice(
  ['v1', 'v1beta1', 'v1alpha2', 'v1alpha3'].map(version => `gateway.networking.k8s.io/${version}`),
  { about: 'The API of the document; all versions mean the same here.' },
)

const anyOfThem = {
  about: 'The rule holds where one of these does; always, when there is none.',
  default: [],
}

const status = s.ignored({ about: 'What a cluster says of the route; of no effect here.' })

const HTTPRoute = s.object(
  {
    apiVersion,
    kind: s.choice(['HTTPRoute'], { about: 'A route for HTTP.' }),
    metadata,
    spec: s.object(
      {
        parentRefs,
        hostnames,
        rules: s.list(
          s.object({ matches: s.list(httpMatch, anyOfThem), ...layer7 }, { about: 'One rule.' }),
          { about: 'The rules.', minItems: 1 },
        ),
      },
      { about: 'What the route says.' },
    ),
    status,
  },
  { about: 'A route for HTTP.' },
)

const GRPCRoute = s.object(
  {
    apiVersion,
    kind: s.choice(['GRPCRoute'], { about: 'A route for gRPC.' }),
    metadata,
    spec: s.object(
      {
        parentRefs,
        hostnames,
        rules: s.list(
          s.object({ matches: s.list(grpcMatch, anyOfThem), ...layer7 }, { about: 'One rule.' }),
          { about: 'The rules.', minItems: 1 },
        ),
      },
      { about: 'What the route says.' },
    ),
    status,
  },
  { about: 'A route for gRPC.' },
)

const connectionRules = s.list(
  s.object({ name: ruleName, backendRefs: plainBackendRefs }, { about: 'The rule.' }),
  { about: 'One rule.', minItems: 1 },
)

const TLSRoute = s.object(
  {
    apiVersion,
    kind: s.choice(['TLSRoute'], {
      about: 'A route for TLS that is passed through, by the server name that the client asks for.',
    }),
    metadata,
    spec: s.object({ parentRefs, hostnames, rules: connectionRules }, { about: 'What the route says.' }),
    status,
  },
  { about: 'A route for TLS that is passed through, by the server name that the client asks for.' },
)

const TCPRoute = s.object(
  {
    apiVersion,
    kind: s.choice(['TCPRoute'], { about: 'A route for connections whose content is not looked at.' }),
    metadata,
    spec: s.object({ parentRefs, rules: connectionRules }, { about: 'What the route says.' }),
    status,
  },
  { about: 'A route for connections whose content is not looked at.' },
)

/** One document. A list of them is what `buildRouteTable` takes. */
export const routeDocument = s.tagged(
  'kind',
  { HTTPRoute, GRPCRoute, TLSRoute, TCPRoute },
  {
    about:
      'A route of the Kubernetes Gateway API: HTTPRoute, GRPCRoute, TLSRoute or TCPRoute, attached to a Service or a Gateway.',
  },
)

export type RouteDocument = Infer<typeof routeDocument>
export type HttpRoute = Infer<typeof HTTPRoute>
export type GrpcRoute = Infer<typeof GRPCRoute>
export type TlsRoute = Infer<typeof TLSRoute>
export type TcpRoute = Infer<typeof TCPRoute>
export type HttpMatch = Infer<typeof httpMatch>
export type GrpcMatch = Infer<typeof grpcMatch>
export type ValueMatch = HttpMatch['headers'][number]
export type LayerSevenRule = HttpRoute['spec']['rules'][number] | GrpcRoute['spec']['rules'][number]
export type ParentRef = HttpRoute['spec']['parentRefs'][number]
