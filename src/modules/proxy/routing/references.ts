import { s } from '../../../kernel/config/schema.ts'

/** What names a backend, apart from the weight and the filters. */
export const targetFields = {
  group: s.string({ about: 'The API group of the backend: empty for a Service.', default: '' }),
  kind: s.choice(['Service', 'Cluster'], {
    about: 'Service: a service of Kubernetes. Cluster: a backend of the proxy configuration, by its name.',
    default: 'Service',
  }),
  name: s.string({ about: 'The name of the backend.', example: 'checkout' }),
  namespace: s.string({ about: "Its namespace; the route's own unless given.", optional: true }),
  port: s.integer({
    about: 'The port of the Service; a Cluster has none.',
    min: 1,
    max: 65535,
    optional: true,
  }),
}

export const backendFields = {
  ...targetFields,
  weight: s.integer({
    about: 'Its share, relative to the sum of all; 0 takes no traffic.',
    min: 0,
    max: 1_000_000,
    default: 1,
  }),
}

export interface TargetRef {
  readonly kind: 'Service' | 'Cluster'
  readonly name: string
  readonly namespace?: string
  readonly port?: number
}

/**
 * The upstreams that may stand for a Service, the most exact one first: `checkout.shop:8080`, and for a Service of the
 * sidecar's own namespace `checkout:8080` and `checkout`.
 */
export function serviceUpstreams(name: string, namespace: string, port: number, home: string): string[] {
  const full = `${name}.${namespace}:${port}`
  return namespace === home ? [full, `${name}:${port}`, name] : [full]
}

/** The cluster that a reference means: `checkout.shop:8080` for a Service, else its own name. */
export function clusterName(ref: TargetRef, routeNamespace: string): string {
  if (ref.kind === 'Cluster') return ref.name
  return `${ref.name}.${ref.namespace ?? routeNamespace}:${ref.port}`
}
