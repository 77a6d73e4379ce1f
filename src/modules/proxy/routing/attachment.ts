import type { ParentRef, RouteDocument } from './config.ts'
import type { Origin } from './rule.ts'

/** Whose traffic the table is for. */
export interface RouteScope {
  /** The namespace of the workload that the sidecar stands beside: short service names are of this one. */
  readonly namespace: string
  /** `cluster.local` unless given. */
  readonly clusterDomain?: string
  /** The listener that asks, for routes whose parent is a Gateway; without it these have no effect. */
  readonly listener?: {
    /** `namespace/name`; a name alone is in the namespace of the scope. */
    readonly gateway: string
    readonly section?: string
    readonly port: number
  }
}

/** A document, and the parent that it is attached to. */
export interface Attachment {
  readonly document: RouteDocument
  /** Its place in the list of documents. */
  readonly index: number
  readonly origin: Origin
  /** The parent's port that it holds for; all unless given. */
  readonly port: number | undefined
  /** Made by the caller's namespace and not by the service's: it replaces routes of the service's own. */
  readonly isConsumer: boolean
}

export interface Attachments {
  /** By `name.namespace`. */
  readonly services: ReadonlyMap<string, readonly Attachment[]>
  readonly listener: readonly Attachment[]
}

/** What is attached to what, for this scope. A route of a third namespace holds neither for the service nor for us. */
export function attach(documents: readonly RouteDocument[], scope: RouteScope): Attachments {
  const services = new Map<string, Attachment[]>()
  const listener: Attachment[] = []
  documents.forEach((document, index) => {
    const namespace = document.metadata.namespace ?? scope.namespace
    const origin = { kind: document.kind, namespace, name: document.metadata.name }
    for (const parent of document.spec.parentRefs) {
      const attachment = { document, index, origin, port: parent.port, isConsumer: false }
      if (parent.kind === 'Gateway') {
        if (asks(parent, namespace, scope)) listener.push(attachment)
        continue
      }
      if (parent.kind !== 'Service') continue
      const home = parent.namespace ?? namespace
      if (namespace !== home && namespace !== scope.namespace) continue
      const key = `${parent.name}.${home}`
      const list = services.get(key)
      const attached = { ...attachment, isConsumer: namespace !== home }
      if (list === undefined) services.set(key, [attached])
      else list.push(attached)
    }
  })
  return { services, listener }
}

/** What of a document says what it is attached to. */
export interface Attachable {
  readonly kind: RouteDocument['kind']
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: {
    readonly parentRefs: readonly (Pick<ParentRef, 'name' | 'namespace' | 'sectionName' | 'port'> & {
      /** Nothing is attached to what is neither a Gateway nor a Service. */
      readonly kind: string
    })[]
  }
}

/** Whether a route has any effect in this scope. */
export function holdsFor(document: Attachable, scope: RouteScope): boolean {
  const { services, listener } = attach([document as RouteDocument], scope)
  return services.size > 0 || listener.length > 0
}

/** The Gateway that the listener stands for, as `namespace/name`. */
export function gatewayOf({ listener, namespace }: RouteScope): string | undefined {
  if (listener === undefined) return undefined
  return listener.gateway.includes('/') ? listener.gateway : `${namespace}/${listener.gateway}`
}

function asks(parent: ParentRef, routeNamespace: string, { listener, namespace }: RouteScope): boolean {
  if (listener === undefined) return false
  return (
    gatewayOf({ listener, namespace }) === `${parent.namespace ?? routeNamespace}/${parent.name}` &&
    (parent.sectionName === undefined || parent.sectionName === listener.section) &&
    (parent.port === undefined || parent.port === listener.port)
  )
}

/** The names by which a workload of this scope asks for a service. */
export function serviceHosts(service: string, scope: RouteScope): string[] {
  const [name = '', namespace = ''] = service.split('.')
  const full = `${service}.svc.${scope.clusterDomain ?? 'cluster.local'}`
  return [full, `${service}.svc`, service, ...(namespace === scope.namespace ? [name] : [])]
}
