import type { Problem } from '../../../kernel/config/problem.ts'
import type { RequestView } from '../request.ts'
import { type Attachment, attach, type RouteScope, serviceHosts } from './attachment.ts'
import { checkRoutes } from './check/check.ts'
import type { RouteDocument } from './config.ts'
import type { Entry } from './entry.ts'
import type { ConnectionTarget, Match, RouteTable, Rule } from './route.ts'
import { EntryCache, RouteSet } from './route-set.ts'

/**
 * Makes the table of all documents for one scope. With problems the table is of no use: a configuration that has them
 * is refused. Their paths begin with the number of the document.
 */
export function buildRouteTable(
  documents: readonly RouteDocument[],
  scope: RouteScope,
): { readonly table: CompiledTable; readonly problems: Problem[] } {
  const entries = new EntryCache()
  const attachments = attach(documents, scope)
  const problems = checkRoutes(documents)
  const hosts = new Map<string, ServicePorts>()
  for (const [service, attached] of attachments.services) {
    const ports = servicePorts(service, attached, entries, problems)
    for (const host of serviceHosts(service, scope)) hosts.set(host, ports)
  }
  const listener =
    scope.listener === undefined ? undefined : new RouteSet(attachments.listener, entries, true)
  problems.push(...(listener?.shadowed() ?? []))
  return { table: new CompiledTable(hosts, listener), problems: unique(problems) }
}

/** The routes of one service: by port, and for ports that no route names. */
interface ServicePorts {
  readonly byPort: ReadonlyMap<number, RouteSet>
  readonly other: RouteSet | undefined
}

export class CompiledTable implements RouteTable {
  readonly #services: ReadonlyMap<string, ServicePorts>
  readonly #listener: RouteSet | undefined

  constructor(services: ReadonlyMap<string, ServicePorts>, listener: RouteSet | undefined) {
    this.#services = services
    this.#listener = listener
  }

  find(request: RequestView): Match | undefined {
    const set = this.setFor(request)
    return set?.find(request)?.match ?? set?.plainMatch
  }

  governs(request: Pick<RequestView, 'host' | 'port'>): boolean {
    return this.setFor(request) !== undefined
  }

  findConnection({ host, port, serverName }: ConnectionTarget): Rule | undefined {
    return this.setFor({ host, port })?.findConnection(serverName)
  }

  governsConnections({ host, port }: Pick<ConnectionTarget, 'host' | 'port'>): boolean {
    return this.#services.has(host) && this.setFor({ host, port })?.takesConnections === true
  }

  /** The routes that hold for a host and a port: those of the service, else those of the listener. */
  setFor({ host, port }: Pick<RequestView, 'host' | 'port'>): RouteSet | undefined {
    const service = this.#services.get(host)
    if (service === undefined) return this.#listener
    return service.byPort.get(port) ?? service.other ?? this.#listener
  }

  /** Every match that may hold for the request's host and port, in order of precedence. */
  candidates(request: Pick<RequestView, 'host' | 'port'>): readonly Entry[] {
    return this.setFor(request)?.candidates(request.host) ?? []
  }
}

function servicePorts(
  service: string,
  attached: readonly Attachment[],
  entries: EntryCache,
  problems: Problem[],
): ServicePorts {
  const named = new Set(attached.map(({ port }) => port).filter(port => port !== undefined))
  const make = (port: number | undefined): RouteSet | undefined => {
    const here = attached.filter(each => each.port === undefined || each.port === port)
    const effective = mostSpecificKind(ownersOf(here), service, problems)
    const set = new RouteSet(effective, entries, false)
    problems.push(...set.shadowed())
    return effective.length === 0 ? undefined : set
  }
  const byPort = new Map<number, RouteSet>()
  for (const port of named) byPort.set(port, make(port)!)
  return { byPort, other: make(undefined) }
}

/** The caller's own routes replace those of the service. */
function ownersOf(attached: readonly Attachment[]): readonly Attachment[] {
  const consumers = attached.filter(({ isConsumer }) => isConsumer)
  return consumers.length > 0 ? consumers : attached
}

const KINDS = ['GRPCRoute', 'HTTPRoute', 'TLSRoute', 'TCPRoute'] as const

/** At one port only routes of one kind hold, the most specific one. */
function mostSpecificKind(
  attached: readonly Attachment[],
  service: string,
  problems: Problem[],
): readonly Attachment[] {
  const kind = KINDS.find(each => attached.some(({ document }) => document.kind === each))
  const winner = attached.find(({ document }) => document.kind === kind)
  for (const { document, index } of attached) {
    if (document.kind === kind || winner === undefined) continue
    const message = `has no effect on ${service}: ${kind}/${winner.origin.namespace}/${winner.origin.name} is attached to the same port`
    problems.push({ path: [index, 'kind'], message, hint: 'give each its own port in parentRefs' })
  }
  return attached.filter(({ document }) => document.kind === kind)
}

function unique(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems.filter(({ path, message }) => {
    const key = JSON.stringify([path, message])
    return !seen.has(key) && seen.add(key)
  })
}
