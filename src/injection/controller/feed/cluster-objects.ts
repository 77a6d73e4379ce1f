import { at, isObject, type Json } from '../../../manifests/json.ts'

/** What the feed keeps of a Service. */
export interface ServiceRecord {
  readonly ports: readonly { readonly name: string; readonly port: number }[]
  /** `None` for a headless one. */
  readonly clusterIPs: readonly string[]
}

/** What the feed keeps of an EndpointSlice (discovery.k8s.io/v1). */
export interface SliceRecord {
  /** Name of its Service; a slice of none is of no use here. */
  readonly service: string
  readonly ports: readonly { readonly name: string; readonly port: number }[]
  readonly endpoints: readonly SliceEndpoint[]
}

export interface SliceEndpoint {
  readonly address: string
  readonly zone?: string
  /** Name of the pod behind it. */
  readonly pod?: string
}

/** What the feed keeps of a pod: only of those whose sidecar takes mutual TLS. */
export interface PodRecord {
  readonly addresses: readonly string[]
  readonly serviceAccount: string
}

/** The annotation of pods whose sidecar takes the connections of all their ports, by mutual TLS. */
export const MESH_ANNOTATION = 'outrigger.dev/mesh'

/** undefined: an ExternalName, or no Service at all. */
export function serviceRecord(object: Json): ServiceRecord | undefined {
  if (at(object, ['spec', 'type']) === 'ExternalName') return undefined
  const ports = portsOf(at(object, ['spec', 'ports']))
  const listed = strings(at(object, ['spec', 'clusterIPs']))
  const single = at(object, ['spec', 'clusterIP'])
  const clusterIPs = listed.length > 0 ? listed : typeof single === 'string' && single !== '' ? [single] : []
  return { ports, clusterIPs }
}

export function sliceRecord(object: Json): SliceRecord | undefined {
  const service = at(object, ['metadata', 'labels', 'kubernetes.io/service-name'])
  if (typeof service !== 'string' || at(object, ['addressType']) === 'FQDN') return undefined
  const endpoints = at(object, ['endpoints'])
  return {
    service,
    ports: portsOf(at(object, ['ports'])),
    endpoints: Array.isArray(endpoints) ? endpoints.flatMap(endpointOf) : [],
  }
}

/** Ready unless told otherwise (EndpointConditions: an unset `ready` counts as true). The first address stands for all. */
function endpointOf(endpoint: Json): SliceEndpoint[] {
  const [address] = strings(at(endpoint, ['addresses']))
  if (address === undefined || at(endpoint, ['conditions', 'ready']) === false) return []
  const zone = at(endpoint, ['zone'])
  const pod = at(endpoint, ['targetRef', 'kind']) === 'Pod' ? at(endpoint, ['targetRef', 'name']) : undefined
  return [
    {
      address,
      ...(typeof zone === 'string' && zone !== '' && { zone }),
      ...(typeof pod === 'string' && { pod }),
    },
  ]
}

/** undefined: its sidecar takes no mutual TLS, so nobody need be known there. */
export function podRecord(object: Json): PodRecord | undefined {
  if (at(object, ['metadata', 'annotations', MESH_ANNOTATION]) === undefined) return undefined
  if (at(object, ['spec', 'hostNetwork']) === true) return undefined
  const phase = at(object, ['status', 'phase'])
  if (phase === 'Succeeded' || phase === 'Failed') return undefined
  const ips = at(object, ['status', 'podIPs'])
  const addresses = Array.isArray(ips) ? strings(ips.map(each => at(each, ['ip']) ?? null)) : []
  const account = at(object, ['spec', 'serviceAccountName'])
  return { addresses, serviceAccount: typeof account === 'string' && account !== '' ? account : 'default' }
}

function portsOf(ports: Json | undefined): { name: string; port: number }[] {
  if (!Array.isArray(ports)) return []
  return ports.flatMap((each: Json) => {
    if (!isObject(each)) return []
    const { name, port, protocol = 'TCP' } = each
    if (typeof port !== 'number' || protocol !== 'TCP') return []
    return [{ name: typeof name === 'string' ? name : '', port }]
  })
}

function strings(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
}
