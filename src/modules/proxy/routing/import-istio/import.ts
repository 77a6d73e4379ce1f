import { checkRoutes } from '../check/check.ts'
import { routeDocument } from '../config.ts'
import { type ClusterOptions, type Policies, policiesOf } from './destination-rule.ts'
import { ListenerImport, type ListenerOptions } from './listener.ts'
import { reordered } from './order.ts'
import { type Finding, Section } from './section.ts'
import { routesOf } from './virtual-service.ts'

/** What Istio's documents are in our own words. */
export interface IstioImport {
  /** Documents of the Gateway API, as plain values. */
  readonly routes: readonly object[]
  /** By the name of the cluster that backendRefs mean, in the notation of the file. */
  readonly clusters: Readonly<Record<string, ClusterOptions>>
  /** Of the listener for what comes in, from the security policies. */
  readonly listener?: ListenerOptions
  readonly findings: readonly Finding[]
}

/** Translates VirtualServices, DestinationRules and the security policies; everything that is lost or becomes different is a finding. */
export function importIstio(documents: readonly unknown[]): IstioImport {
  const findings: Finding[] = []
  const routes: object[] = []
  const policies: Policies[] = []
  const security = new ListenerImport()
  for (const document of documents.filter(each => each !== null && each !== undefined)) {
    const { kind = 'document', metadata, spec } = document as Foreign
    const place = { name: metadata?.name ?? 'unnamed', namespace: metadata?.namespace ?? 'default' }
    const title = `${kind}/${place.namespace}/${place.name}`
    const section = new Section(spec, title, 'spec', findings)
    if (kind === 'VirtualService') routes.push(...verified(routesOf(section, place), title, findings))
    else if (kind === 'DestinationRule') policies.push(...policiesOf(section, place.namespace))
    else if (!security.add(kind, place.name, section))
      findings.push({ document: title, key: 'kind', message: 'is of a kind that is not carried over' })
  }
  const listener = security.options()
  return { routes, clusters: clustersOf(routes, policies), ...(listener && { listener }), findings }
}

interface Foreign {
  readonly kind?: string
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
  readonly spec?: unknown
}

/** What the table would refuse, and where its order of rules differs, is told at once. */
function verified(routes: object[], document: string, findings: Finding[]): object[] {
  for (const route of routes) {
    const decoded = routeDocument.decode(route)
    const problems = decoded.ok ? checkRoutes([decoded.value]) : decoded.problems
    for (const { path, message } of problems)
      findings.push({
        document,
        key: path.slice(decoded.ok ? 1 : 0).join('.'),
        message: `in the route: ${message}`,
      })
    if (!decoded.ok || decoded.value.kind !== 'HTTPRoute') continue
    for (const [earlier, later] of reordered(decoded.value)) {
      const message = `rule ${later} of the route comes before rule ${earlier}, which stood first: the more specific match wins`
      findings.push({ document, key: 'spec.http', message })
    }
  }
  return routes
}

/** A cluster for every port of a service that some route names, and for every port that has settings of its own. */
function clustersOf(
  routes: readonly object[],
  policies: readonly Policies[],
): Record<string, ClusterOptions> {
  const used = portsOf(routes)
  const clusters: Record<string, ClusterOptions> = {}
  for (const { service, byPort } of policies) {
    const own = [...byPort.keys()].filter(port => port !== undefined)
    for (const port of new Set([...(used.get(service) ?? []), ...own])) {
      const options = byPort.get(port) ?? byPort.get(undefined) ?? {}
      const discovery = { dns: { name: `${service}.svc.cluster.local`, port } }
      clusters[`${service}:${port}`] = { discovery, ...options }
    }
  }
  return clusters
}

/** By service, the ports that backendRefs name. */
function portsOf(routes: readonly object[]): Map<string, Set<number>> {
  const ports = new Map<string, Set<number>>()
  const visit = (value: unknown, namespace: string): void => {
    if (typeof value !== 'object' || value === null) return
    const { name, port, namespace: home = namespace, kind } = value as Record<string, unknown>
    if (typeof name === 'string' && typeof port === 'number' && kind === undefined) {
      const key = `${name}.${home}`
      ports.set(key, (ports.get(key) ?? new Set()).add(port))
    }
    for (const inner of Object.values(value)) visit(inner, namespace)
  }
  for (const route of routes) {
    const { metadata, spec } = route as { metadata: { namespace: string }; spec: { rules: unknown } }
    visit(spec.rules, metadata.namespace)
  }
  return ports
}
