import { type Infer, s } from '../../../../kernel/config/schema.ts'

const pace = {
  interval: s.duration({
    about: 'Between two checks of one endpoint, give or take a tenth.',
    default: '10s',
    min: '100ms',
  }),
  noTrafficInterval: s.duration({
    about: 'Instead of `interval` while the backend gets no requests.',
    default: '60s',
    min: '100ms',
  }),
  timeout: s.duration({ about: 'How long one check may take.', default: '5s', min: '1ms' }),
  unhealthyThreshold: s.integer({
    about: 'So many failed checks in a row take an endpoint out of use.',
    default: 3,
    min: 1,
  }),
  healthyThreshold: s.integer({
    about: 'So many passed checks in a row bring it back. The very first check of an endpoint decides alone.',
    default: 2,
    min: 1,
  }),
}

const http = s.object(
  {
    path: s.string({
      about: 'What to ask for.',
      default: '/',
      pattern: /^\/\S*$/,
      expected: 'a path such as /healthz',
    }),
    host: s.string({
      about: 'The Host header; the endpoint’s address unless given.',
      optional: true,
      example: 'checkout',
    }),
    statuses: s.list(s.integer({ about: 'A status.', min: 100, max: 599 }), {
      about: 'Answers that pass.',
      default: [200],
      minItems: 1,
    }),
    port: s.integer({ about: 'Another port than the one for traffic.', optional: true, min: 1, max: 65_535 }),
    ...pace,
  },
  { about: 'Passes when a GET is answered with an expected status.' },
)

const tcp = s.object(
  {
    port: s.integer({ about: 'Another port than the one for traffic.', optional: true, min: 1, max: 65_535 }),
    ...pace,
  },
  { about: 'Passes when a connection can be made.' },
)

const grpc = s.object(
  {
    service: s.string({
      about: 'The service to ask for; the whole server unless given.',
      default: '',
      example: 'shop.Checkout',
    }),
    host: s.string({
      about: 'The authority; the endpoint’s address unless given.',
      optional: true,
      example: 'checkout',
    }),
    port: s.integer({ about: 'Another port than the one for traffic.', optional: true, min: 1, max: 65_535 }),
    ...pace,
  },
  { about: 'Passes when the standard service grpc.health.v1.Health says SERVING.' },
)

export const healthCheck = s.oneOf({ http, tcp, grpc }, { about: 'One active check.' })

export type HealthCheckConfig = Infer<typeof healthCheck>
export type HttpCheckConfig = Infer<typeof http>
export type GrpcCheckConfig = Infer<typeof grpc>
/** What all kinds have in common. */
export type PaceConfig = Pick<
  HttpCheckConfig,
  'intervalMs' | 'noTrafficIntervalMs' | 'timeoutMs' | 'unhealthyThreshold' | 'healthyThreshold'
>
