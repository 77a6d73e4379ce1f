import { type Infer, s } from '../../../../kernel/config/schema.ts'
import type { EndpointSpec } from '../member.ts'

const servers = s.list(
  s.string({
    about: 'An IP address with a port.',
    pattern: /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]):\d{1,5}$/,
    expected: 'an IP address with a port',
  }),
  {
    about:
      'The DNS servers to ask, for names that those of the system do not know. Search domains and /etc/hosts are left out then.',
    optional: true,
    minItems: 1,
    example: ['127.0.0.1:8600'],
  },
)

const refresh = (about: string, initial: string) => s.duration({ about, default: initial, min: '1s' })

const dns = s.object(
  {
    name: s.string({
      about: 'The DNS name; all its IPv4 and IPv6 addresses are endpoints.',
      pattern: /^[\w.-]+$/,
      expected: 'a DNS name',
      example: 'checkout.shop.svc.cluster.local',
    }),
    port: s.integer({ about: 'The port at each address.', min: 1, max: 65_535, example: 8080 }),
    refresh: refresh('How long an answer holds at most; its own TTL may be shorter.', '30s'),
    minRefresh: refresh('How long an answer holds at least, whatever its TTL says.', '5s'),
    servers,
  },
  { about: 'Endpoints are the addresses of a DNS name.' },
)

const dnsSrv = s.object(
  {
    name: s.string({
      about: 'The name of the SRV records: they give ports, weights and, by priority, who is used first.',
      pattern: /^[\w.-]+$/,
      expected: 'a DNS name',
      example: '_http._tcp.checkout.shop.svc.cluster.local',
    }),
    refresh: refresh('How long an answer holds at most; the TTL of its addresses may be shorter.', '30s'),
    minRefresh: refresh('How long an answer holds at least, whatever a TTL says.', '5s'),
    servers,
  },
  {
    about:
      'Endpoints are the targets of a DNS name’s SRV records with the best priority of which a target has an address.',
  },
)

export const file = s.object(
  {
    path: s.string({
      about:
        'A YAML or JSON file with a list of endpoints under the key `endpoints`. It is read again when it changes.',
      pattern: /./,
      expected: 'a path',
      example: '/etc/outrigger/endpoints/checkout.yaml',
    }),
  },
  { about: 'Endpoints stand in a file that somebody else keeps.' },
)

export const feed = s.object(
  {
    url: s.url({
      about: 'Where the controller streams the endpoints of this backend.',
      example: 'https://outrigger-controller:4700/feeds/services/shop/checkout:80',
    }),
    token: s.secret({ about: 'Sent as a bearer token.', optional: true, example: `\${FEED_TOKEN}` }),
    tokenFile: s.string({
      about: 'File with the token, read for each connection. Instead of `token`.',
      optional: true,
      example: '/var/run/secrets/outrigger/token',
    }),
    ca: s.string({
      about: 'File with the certificates (PEM) that the controller’s certificate must lead to.',
      optional: true,
      example: '/etc/outrigger/controller-ca.pem',
    }),
    silence: s.duration({
      about: 'A connection without a line for this long is given up and made anew.',
      default: '45s',
      min: '1s',
    }),
  },
  { about: 'Endpoints come as a stream of changes from the controller.' },
)

export const discovery = s.oneOf(
  { dns, dnsSrv, file, feed },
  {
    about: 'Where endpoints are found. When a source fails, what it said last stays in use.',
    optional: true,
  },
)

/** Of a Service: as the controller says; as `otherwise` until it has spoken, and where it knows no such Service. */
export interface ServiceDiscovery {
  readonly kind: 'service'
  readonly config: {
    readonly feed: FeedConfig
    readonly otherwise:
      | { readonly kind: 'dns'; readonly config: DnsConfig }
      | { readonly kind: 'address'; readonly endpoint: EndpointSpec }
  }
}

/** What a configuration may say, and what is made from `proxy.controller`. */
export type DiscoveryConfig = NonNullable<Infer<typeof discovery>> | ServiceDiscovery
export type DnsConfig = Infer<typeof dns>
export type DnsSrvConfig = Infer<typeof dnsSrv>
export type FileConfig = Infer<typeof file>
export type FeedConfig = Infer<typeof feed>
