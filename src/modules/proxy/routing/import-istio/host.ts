import type { Section } from './section.ts'

export interface ServiceName {
  readonly name: string
  readonly namespace: string
}

/** The Service that a host of Istio's means; a short name is in the document's namespace. Undefined: none of the cluster. */
export function serviceOf(host: string, namespace: string): ServiceName | undefined {
  const parts = /^([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?))?$/.exec(host)
  return parts ? { name: parts[1]!, namespace: parts[2] ?? namespace } : undefined
}

/** A subset is a Service of its own in the Gateway API. */
export function subsetService({ name, namespace }: ServiceName, subset: string | undefined): ServiceName {
  return { name: subset === undefined ? name : `${name}-${subset}`, namespace }
}

const ASSUMED_PORT = 80

/** A backendRef from a `destination`; undefined when it cannot be reached by one. */
export function backendRef(destination: Section | undefined, namespace: string): object | undefined {
  const host = destination?.text('host')
  if (destination === undefined || host === undefined) return undefined
  const service = serviceOf(host, namespace)
  if (service === undefined) {
    destination.tell(
      `${host} is no Service of the cluster: give it as a Cluster of the proxy configuration`,
      'host',
    )
    return undefined
  }
  const subset = destination.text('subset')
  const target = subsetService(service, subset)
  if (subset !== undefined) destination.tell(`is the Service ${target.name} from now on`, 'subset')
  const ports = destination.section('port')
  const port = ports?.number('number')
  if (port === undefined) destination.tell(`the port is not named: ${ASSUMED_PORT} is assumed`, 'port')
  destination.end()
  return {
    name: target.name,
    ...(target.namespace !== namespace && { namespace: target.namespace }),
    port: port ?? ASSUMED_PORT,
  }
}
