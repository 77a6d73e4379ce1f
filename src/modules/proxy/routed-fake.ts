import type { ProxyConfig } from './config.ts'
import { type EchoBackend, echoBackend } from './echo-fake.ts'
import { decodedProxy } from './proxy-fake.ts'

interface RouteShape {
  readonly kind?: string
  readonly name?: string
  readonly parents?: readonly object[]
  readonly hostnames?: readonly string[]
  readonly rules: readonly object[]
}

/** For tests: a route document as it stands in YAML, for calls to the service `checkout` unless told otherwise. */
export function route({
  kind = 'HTTPRoute',
  name = 'checkout',
  parents,
  hostnames,
  rules,
}: RouteShape): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind,
    metadata: { name },
    spec: {
      parentRefs: parents ?? [{ kind: 'Service', name: 'checkout' }],
      ...(hostnames && { hostnames }),
      rules,
    },
  }
}

/** A backendRef to port 80 of a service. */
export function to(name: string, weight = 1, filters?: readonly object[]): object {
  return { name, port: 80, weight, ...(filters && { filters }) }
}

/** Matches of requests whose path begins so. */
export function under(value: string): object[] {
  return [{ path: { value } }]
}

/** Backends that answer with the name of their upstream; they end with the test. */
export class Backends {
  readonly #made = new Map<string, EchoBackend>()

  async start(...names: string[]): Promise<Record<string, { endpoints: object[] }>> {
    const missing = names.filter(name => !this.#made.has(name))
    await Promise.all(missing.map(async name => this.#made.set(name, await echoBackend(name))))
    return Object.fromEntries(names.map(name => [name, { endpoints: [{ address: this.of(name).address }] }]))
  }

  of(name: string): EchoBackend {
    return this.#made.get(name)!
  }

  close(): void {
    for (const backend of this.#made.values()) backend[Symbol.dispose]()
    this.#made.clear()
  }
}

/** The configuration of one routed listener in the namespace `shop`. */
export function routed(
  upstreams: object,
  routes: readonly object[],
  listener: object = { routed: {} },
): ProxyConfig {
  return decodedProxy({
    listeners: [{ name: 'front', listen: '127.0.0.1:0', ...listener }],
    namespace: 'shop',
    upstreams,
    routes,
  })
}
