import type { Json } from '../../../manifests/json.ts'
import {
  type PodRecord,
  podRecord,
  type ServiceRecord,
  type SliceEndpoint,
  type SliceRecord,
  serviceRecord,
  sliceRecord,
} from './cluster-objects.ts'

/** What a feed is about. */
export type Subject =
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string; readonly port: number }
  | { readonly kind: 'address'; readonly address: string; readonly port: number }

/** As lines of a feed write it. */
export interface FeedEndpoint {
  readonly address: string
  readonly zone?: string
  readonly identity?: string
}

export interface EndpointList {
  readonly endpoints: readonly FeedEndpoint[]
  readonly clusterIPs: readonly string[]
}

/** What is kept of each kind. */
export interface Watched {
  readonly Service: ServiceRecord
  readonly EndpointSlice: SliceRecord
  readonly Pod: PodRecord
}

export type WatchedKind = keyof Watched

export const RECORD_OF: { readonly [Kind in WatchedKind]: (object: Json) => Watched[Kind] | undefined } = {
  Service: serviceRecord,
  EndpointSlice: sliceRecord,
  Pod: podRecord,
}

/**
 * The Services of a cluster, their endpoints and who is met there. Fed object by object; what is asked is answered from
 * indexes, so that a change costs what it touches. `changed` hears the topics (see `topicOf`) that a change may concern.
 */
export class ServiceTable {
  readonly #trustDomain: string
  readonly #changed: (topic: string) => void
  readonly #services = new Map<string, ServiceRecord>()
  readonly #slices = new Map<string, SliceRecord>()
  /** Keys of the slices of each Service. */
  readonly #slicesOf = new Map<string, Set<string>>()
  readonly #pods = new Map<string, PodRecord>()
  readonly #serviceAt = new Map<string, string>()
  readonly #podAt = new Map<string, string>()
  /** Services that have a pod among their endpoints. */
  readonly #servicesOfPod = new Map<string, Set<string>>()

  constructor(trustDomain: string, changed: (topic: string) => void) {
    this.#trustDomain = trustDomain
    this.#changed = changed
  }

  /** An object as the API server has it; undefined: it is gone. */
  apply(kind: WatchedKind, namespace: string, name: string, object: Json | undefined): void {
    this.put(kind, namespace, name, object === undefined ? undefined : RECORD_OF[kind](object))
  }

  /** What is kept of an object; undefined: it is gone, or nothing of it is of use here. */
  put<Kind extends WatchedKind>(
    kind: Kind,
    namespace: string,
    name: string,
    record: Watched[Kind] | undefined,
  ): void {
    const key = `${namespace}/${name}`
    if (kind === 'Service') this.#setService(key, record as ServiceRecord | undefined)
    else if (kind === 'EndpointSlice') this.#setSlice(namespace, key, record as SliceRecord | undefined)
    else this.#setPod(key, record as PodRecord | undefined)
  }

  /** undefined: no such Service has such a port, or nobody is known at the address. */
  find(subject: Subject): EndpointList | undefined {
    if (subject.kind === 'service')
      return this.#ofService(`${subject.namespace}/${subject.name}`, subject.port)
    const service = this.#serviceAt.get(subject.address)
    if (service !== undefined) return this.#ofService(service, subject.port)
    const pod = this.#podAt.get(subject.address)
    if (pod === undefined) return undefined
    return { endpoints: [this.#endpoint(subject.address, subject.port, pod, undefined)], clusterIPs: [] }
  }

  /** What changes of the subject are announced as: a Service (`namespace/name`), or the address of a pod. */
  topicOf(subject: Subject): string {
    if (subject.kind === 'service') return `${subject.namespace}/${subject.name}`
    return this.#serviceAt.get(subject.address) ?? subject.address
  }

  get counts(): Readonly<Record<WatchedKind, number>> {
    return { Service: this.#services.size, EndpointSlice: this.#slices.size, Pod: this.#pods.size }
  }

  #ofService(key: string, port: number): EndpointList | undefined {
    const service = this.#services.get(key)
    const named = service?.ports.find(each => each.port === port)
    if (service === undefined || named === undefined) return undefined
    const namespace = key.slice(0, key.indexOf('/'))
    const found = new Map<string, FeedEndpoint>()
    for (const slice of this.#slicesOf.get(key) ?? []) {
      const { ports, endpoints } = this.#slices.get(slice)!
      // A slice lists the target ports under the names that the Service's ports have.
      const target = ports.find(({ name }) => name === named.name)
      if (target === undefined) continue
      for (const { address, zone, pod } of endpoints) {
        const podKey = pod === undefined ? undefined : `${namespace}/${pod}`
        const endpoint = this.#endpoint(address, target.port, podKey, zone)
        found.set(endpoint.address, endpoint)
      }
    }
    const endpoints = [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1))
    return { endpoints, clusterIPs: service.clusterIPs }
  }

  #endpoint(
    address: string,
    port: number,
    podKey: string | undefined,
    zone: string | undefined,
  ): FeedEndpoint {
    const pod = podKey === undefined ? undefined : this.#pods.get(podKey)
    const namespace = podKey?.slice(0, podKey.indexOf('/'))
    return {
      address: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
      ...(zone !== undefined && { zone }),
      ...(pod && { identity: `spiffe://${this.#trustDomain}/ns/${namespace}/sa/${pod.serviceAccount}` }),
    }
  }

  #setService(key: string, service: ServiceRecord | undefined): void {
    for (const address of this.#services.get(key)?.clusterIPs ?? [])
      if (this.#serviceAt.get(address) === key) this.#serviceAt.delete(address)
    if (service === undefined) this.#services.delete(key)
    else this.#services.set(key, service)
    for (const address of service?.clusterIPs ?? []) if (address !== 'None') this.#serviceAt.set(address, key)
    this.#changed(key)
  }

  #setSlice(namespace: string, key: string, slice: SliceRecord | undefined): void {
    const before = this.#slices.get(key)
    if (before !== undefined) {
      const service = `${namespace}/${before.service}`
      remove(this.#slicesOf, service, key)
      this.#slices.delete(key)
      this.#follow(namespace, before.endpoints, service, false)
      if (slice?.service !== before.service) this.#changed(service)
    }
    if (slice === undefined) return
    const service = `${namespace}/${slice.service}`
    this.#slices.set(key, slice)
    add(this.#slicesOf, service, key)
    this.#follow(namespace, slice.endpoints, service, true)
    this.#changed(service)
  }

  #follow(namespace: string, endpoints: readonly SliceEndpoint[], service: string, isListed: boolean): void {
    for (const { pod } of endpoints) {
      if (pod === undefined) continue
      const key = `${namespace}/${pod}`
      if (isListed) add(this.#servicesOfPod, key, service)
      else if (!this.#lists(service, pod)) remove(this.#servicesOfPod, key, service)
    }
  }

  /** Whether another slice of the Service lists the pod: one of another port or family does. */
  #lists(service: string, pod: string): boolean {
    for (const slice of this.#slicesOf.get(service) ?? [])
      if (this.#slices.get(slice)!.endpoints.some(each => each.pod === pod)) return true
    return false
  }

  #setPod(key: string, pod: PodRecord | undefined): void {
    const before = this.#pods.get(key)
    if (before === undefined && pod === undefined) return
    for (const address of before?.addresses ?? [])
      if (this.#podAt.get(address) === key) this.#podAt.delete(address)
    if (pod === undefined) this.#pods.delete(key)
    else this.#pods.set(key, pod)
    for (const address of pod?.addresses ?? []) this.#podAt.set(address, key)
    // A pod's status changes often; who it is does not.
    if (before?.serviceAccount === pod?.serviceAccount) return
    for (const service of this.#servicesOfPod.get(key) ?? []) this.#changed(service)
    for (const address of (pod ?? before)!.addresses) this.#changed(address)
  }
}

function add(index: Map<string, Set<string>>, key: string, value: string): void {
  const set = index.get(key)
  if (set === undefined) index.set(key, new Set([value]))
  else set.add(value)
}

function remove(index: Map<string, Set<string>>, key: string, value: string): void {
  const set = index.get(key)
  set?.delete(value)
  if (set?.size === 0) index.delete(key)
}
