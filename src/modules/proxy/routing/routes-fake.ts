import { HeaderList } from '../../../wire/http1/headers.ts'
import type { RequestView } from '../request.ts'
import { type RouteDocument, routeDocument } from './config.ts'

/** A document as it stands in YAML, decoded; throws when it does not fit the schema. */
export function decodeRoute(input: unknown): RouteDocument {
  const decoded = routeDocument.decode(input)
  if (decoded.ok) return decoded.value
  throw new Error(decoded.problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
}

interface Shape {
  readonly kind?: 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute'
  readonly name?: string
  readonly namespace?: string
  readonly made?: string
  readonly parents?: readonly unknown[]
  readonly hostnames?: readonly string[]
  readonly rules?: readonly unknown[]
}

/** A route for the service `checkout.shop` unless told otherwise. */
export function routeOf(shape: Shape): RouteDocument {
  const { kind = 'HTTPRoute', name = 'checkout', namespace = 'shop', made, hostnames } = shape
  return decodeRoute({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind,
    metadata: { name, namespace, ...(made && { creationTimestamp: made }) },
    spec: {
      parentRefs: shape.parents ?? [{ kind: 'Service', name: 'checkout' }],
      ...(hostnames && { hostnames }),
      rules: shape.rules ?? [ruleTo('checkout')],
    },
  })
}

/** A rule that goes to this service, port 80. */
export function ruleTo(name: string, more: object = {}): object {
  return { backendRefs: [{ name, port: 80 }], ...more }
}

/** `GET http://checkout/cart?x=1` and header fields as a request. */
export function requestOf(line: string, headers: Readonly<Record<string, string>> = {}): RequestView {
  const [method = '', target = ''] = line.split(' ')
  const url = new URL(target)
  return {
    method,
    path: url.pathname,
    search: url.search.slice(1),
    host: url.hostname,
    port: url.port === '' ? 80 : Number(url.port),
    headers: HeaderList.from(headers),
    peer: { address: '127.0.0.1' },
  }
}
