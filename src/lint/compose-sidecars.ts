import { effectiveService } from '../injection/compose/project.ts'
import { ownerOf } from '../injection/compose/start-order.ts'
import { statusOfCompose } from '../injection/compose/status.ts'
import type { JsonObject } from '../manifests/json.ts'
import type { ComposeSubject } from './check.ts'
import { type Recognised, recognise } from './sidecars.ts'

/** A service in the namespace of another one of the file. */
export interface Joined {
  readonly name: string
  readonly owner: string
  /** `network_mode`, `pid`, `ipc`. */
  readonly key: string
}

const NAMESPACES = ['network_mode', 'pid', 'ipc']

export function joinedServices({ document, services }: ComposeSubject): Joined[] {
  return Object.keys(services).flatMap(name => {
    const service = effective(document, name)
    return NAMESPACES.flatMap(key => {
      const owner = ownerOf(service[key])
      return owner !== undefined && Object.hasOwn(services, owner) ? [{ name, owner, key }] : []
    })
  })
}

/** A sidecar of Compose with the service that it stands beside, where that can be told. */
export interface ComposeSidecar {
  readonly name: string
  readonly app?: string
  readonly known?: Recognised
}

/** What was injected, what joins the network of another service, and what image or name tell; each once. */
export function sidecarsOf(subject: ComposeSubject): ComposeSidecar[] {
  const { document, services, world } = subject
  const found = new Map<string, ComposeSidecar>()
  const add = (name: string, app: string | undefined): void => {
    if (found.has(name) || !Object.hasOwn(services, name)) return
    const known = recognise({ ...effective(document, name), name }, world.catalogue)
    found.set(name, { name, ...(app !== undefined && { app }), ...(known && { known }) })
  }
  for (const { service: app, entries } of statusOfCompose(document))
    for (const { service } of entries) add(service, app)
  for (const { name, owner, key } of joinedServices(subject))
    if (key === 'network_mode' && !isHolder(effective(document, name)))
      if (!isHolder(effective(document, owner))) add(name, owner)
  for (const name of Object.keys(services)) {
    if (recognise({ ...effective(document, name), name }, world.catalogue) === undefined) continue
    add(name, waitingFor(subject, name))
  }
  return [...found.values()]
}

/** Who waits for a sidecar is its application, if it is one alone. */
function waitingFor({ document, services }: ComposeSubject, sidecar: string): string | undefined {
  const waiting = Object.keys(services).filter(name => {
    const dependsOn = effective(document, name)['depends_on']
    if (Array.isArray(dependsOn)) return dependsOn.includes(sidecar)
    return typeof dependsOn === 'object' && dependsOn !== null && Object.hasOwn(dependsOn, sidecar)
  })
  return waiting.length === 1 ? waiting[0] : undefined
}

/** A service that only holds a network for others. */
export function isHolder(service: JsonObject): boolean {
  return /(^|\/)pause(-\w+)?([:@]|$)/.test(String(service['image'] ?? ''))
}

export function effective(document: JsonObject, name: string): JsonObject {
  return effectiveService(document, name).service
}
