import { isIP } from 'node:net'
import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { readAddress } from '../../../wire/ip/address.ts'
import { contains, parseCidr } from '../../../wire/ip/cidr.ts'
import type { ServiceDiscovery } from '../clusters/discovery/config.ts'
import type { EndpointSpec } from '../clusters/member.ts'

/** The controller of the cluster, which knows Services and their endpoints. */
export const controllerConfig = s.object(
  {
    url: s.url({
      about: 'Where the controller listens for sidecars.',
      protocols: ['https', 'http'],
      example: 'https://outrigger-controller.outrigger-system.svc:4700',
    }),
    tokenFile: s.string({
      about: 'File with the token that says who this sidecar is; read for each connection.',
      optional: true,
      example: '/var/run/secrets/outrigger/token',
    }),
    ca: s.string({
      about: 'File with the certificates (PEM) that the controller’s certificate must lead to.',
      optional: true,
      example: '/etc/outrigger/root.pem',
    }),
    ranges: s.list(s.string({ about: 'A block of addresses.', example: '10.96.0.0/12' }), {
      about:
        'The addresses of Services and pods: the controller is asked what stands behind one of them, and about no other.',
      default: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
    }),
    silence: s.duration({
      about: 'A connection without a line for this long is given up and made anew.',
      default: '45s',
      min: '1s',
    }),
  },
  {
    about:
      'Services that clients of an `outbound` listener ask for, by name or address, and those of routes with `unlistedServices: dns`, are found as the controller says: their endpoints, zones and identities, and each change at once. On first use, and only as long as they are used. Where the controller is away or knows none, they are found as they would be without it; what it has said last stays in use.',
    optional: true,
  },
)

export type ControllerConfig = NonNullable<Infer<typeof controllerConfig>>

/** Paths begin at `controller`. */
export function checkController({ ranges }: ControllerConfig): Problem[] {
  return ranges.flatMap((range, index) =>
    parseCidr(range) === undefined
      ? [
          {
            path: ['ranges', index],
            message: `expected a block of addresses, got "${range}"`,
            hint: 'write 10.96.0.0/12',
          },
        ]
      : [],
  )
}

/** How the controller is asked about a place; undefined: it cannot know it. */
export type ServiceLookup = (host: string, port: number) => ServiceDiscovery | undefined

/** `namespace`: of names of one label. Names are known in the forms that a pod's resolver takes. */
export function serviceLookup(
  controller: ControllerConfig | undefined,
  { namespace, clusterDomain }: { readonly namespace: string; readonly clusterDomain: string },
): ServiceLookup | undefined {
  if (controller === undefined) return undefined
  const { url, tokenFile, ca, silenceMs } = controller
  const blocks = controller.ranges.map(range => parseCidr(range)!)
  const feedAt = (path: string) => ({
    url: `${url.replace(/\/+$/, '')}${path}`,
    ...(tokenFile !== undefined && { tokenFile }),
    ...(ca !== undefined && { ca }),
    silenceMs,
  })
  return (host, port) => {
    if (isIP(host) !== 0) {
      const words = new Uint32Array(4)
      const family = readAddress(host, words)
      if (!blocks.some(block => contains(block, family, words))) return undefined
      const endpoint: EndpointSpec = { host, port, weight: 1 }
      const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
      return service(feedAt(`/feeds/addresses/${encodeURIComponent(place)}`), { kind: 'address', endpoint })
    }
    const named = serviceNamed(host, namespace, clusterDomain)
    if (named === undefined) return undefined
    const name = `${named.service}.${named.namespace}.svc.${clusterDomain}`
    const config = { name, port, ...REFRESH }
    return service(feedAt(`/feeds/services/${named.namespace}/${named.service}:${port}`), {
      kind: 'dns',
      config,
    })
  }
}

/** As of a discovery without further options. */
const REFRESH = { refreshMs: 30_000, minRefreshMs: 5_000 }

function service(
  feed: ServiceDiscovery['config']['feed'],
  otherwise: ServiceDiscovery['config']['otherwise'],
): ServiceDiscovery {
  return { kind: 'service', config: { feed, otherwise } }
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** `checkout`, `checkout.shop.svc`, `checkout.shop.svc.cluster.local`. `checkout.shop` may be a name of the world outside. */
function serviceNamed(host: string, home: string, clusterDomain: string) {
  const bare = host.endsWith('.') ? host.slice(0, -1) : host
  const inside = bare.endsWith(`.svc.${clusterDomain}`) ? bare.slice(0, -clusterDomain.length - 1) : bare
  const labels = inside.split('.')
  if (labels.length !== 1 && (labels.length !== 3 || labels[2] !== 'svc')) return undefined
  const [service = '', namespace = home] = labels
  if (!LABEL.test(service) || !LABEL.test(namespace) || service === 'localhost') return undefined
  return { service, namespace }
}
