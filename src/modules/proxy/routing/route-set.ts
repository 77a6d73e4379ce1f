import type { Problem } from '../../../kernel/config/problem.ts'
import type { RequestView } from '../request.ts'
import type { Attachment } from './attachment.ts'
import { type Entry, entriesOf } from './entry.ts'
import { HostIndex } from './hostnames.ts'
import { PathIndex } from './path-index.ts'
import { signature } from './precedence.ts'
import type { Match, Rule } from './route.ts'
import { compilePlainRule } from './rule.ts'

/** The routes that hold at one place: a port of a service, or a listener. */
export class RouteSet {
  readonly attached: readonly Attachment[]
  /** For every request to a service that has a TCPRoute: whatever is spoken there goes by it. */
  readonly plainMatch: Match | undefined
  /** A TLSRoute or a TCPRoute is among them. */
  readonly takesConnections: boolean
  readonly #paths: PathIndex | undefined
  readonly #hosts: HostIndex<PathIndex> | undefined
  readonly #servers: HostIndex<Rule> | undefined
  readonly #plain: Rule | undefined
  readonly #pick: (paths: PathIndex) => Entry | undefined
  #request: RequestView | undefined

  /** `byHost`: host names count, as they do on a Gateway and not for a Service. */
  constructor(attached: readonly Attachment[], entries: EntryCache, byHost: boolean) {
    this.attached = attached
    const layerSeven = attached.filter(({ document }) => isLayerSeven(document.kind))
    if (byHost) this.#hosts = hostIndex(layerSeven, entries)
    else if (layerSeven.length > 0) this.#paths = new PathIndex(layerSeven.flatMap(each => entries.of(each)))
    this.#servers = serverIndex(attached)
    const tcp = attached.find(({ document }) => document.kind === 'TCPRoute')
    this.#plain = tcp && plainRule(tcp)
    this.plainMatch =
      byHost || layerSeven.length > 0 || this.#plain === undefined
        ? undefined
        : { rule: this.#plain, prefix: '' }
    this.takesConnections = layerSeven.length < attached.length
    this.#pick = paths => paths.find(this.#request!)
  }

  find(request: RequestView): Entry | undefined {
    if (this.#paths !== undefined) return this.#paths.find(request)
    if (this.#hosts === undefined) return undefined
    this.#request = request
    const entry = this.#hosts.find(request.host, this.#pick)
    this.#request = undefined
    return entry
  }

  /** Every match that may hold for this host, in order of precedence. */
  candidates(host: string): readonly Entry[] {
    if (this.#paths !== undefined) return this.#paths.entries
    const all: Entry[] = []
    this.#hosts?.find(host, paths => {
      all.push(...paths.entries)
      return undefined
    })
    return all
  }

  /** Matches that never hold. */
  shadowed(): Problem[] {
    if (this.#paths !== undefined) return shadowed(this.#paths.entries)
    return this.#hosts?.values().flatMap(({ entries }) => shadowed(entries)) ?? []
  }

  findConnection(serverName: string | undefined): Rule | undefined {
    return this.#servers?.find(serverName ?? '', rule => rule) ?? this.#plain
  }
}

/** Matches of documents, each compiled once however many parents the document has. */
export class EntryCache {
  readonly #entries = new Map<number, readonly Entry[]>()

  of({ document, index, origin }: Attachment): readonly Entry[] {
    if (document.kind !== 'HTTPRoute' && document.kind !== 'GRPCRoute') return []
    let entries = this.#entries.get(index)
    if (entries === undefined) {
      entries = entriesOf(document, index, origin)
      this.#entries.set(index, entries)
    }
    return entries
  }
}

/** Those that never hold because another one, which comes first, holds for the same requests. */
function shadowed(entries: readonly Entry[]): Problem[] {
  const first = new Map<string, Entry>()
  return entries.flatMap(entry => {
    const key = signature(entry)
    const earlier = first.get(key)
    if (earlier === undefined) {
      first.set(key, entry)
      return []
    }
    if (earlier.place === entry.place) return []
    const message = `never holds: ${earlier.match.rule.name} matches the same requests and comes first`
    return [{ path: entry.place, message, hint: 'remove one of them, or let them match different requests' }]
  })
}

export function isLayerSeven(kind: string): boolean {
  return kind === 'HTTPRoute' || kind === 'GRPCRoute'
}

function hostIndex(attached: readonly Attachment[], entries: EntryCache): HostIndex<PathIndex> {
  const byHost = new Map<string | undefined, Entry[]>()
  for (const attachment of attached) {
    for (const host of hostnamesOf(attachment)) {
      const list = byHost.get(host)
      if (list === undefined) byHost.set(host, [...entries.of(attachment)])
      else list.push(...entries.of(attachment))
    }
  }
  const index = new HostIndex<PathIndex>()
  for (const [host, list] of byHost) index.set(host, new PathIndex(list))
  return index
}

function hostnamesOf({ document }: Attachment): readonly (string | undefined)[] {
  const names = 'hostnames' in document.spec ? document.spec.hostnames : []
  return names.length === 0 ? [undefined] : names
}

function serverIndex(attached: readonly Attachment[]): HostIndex<Rule> | undefined {
  const tls = attached.filter(({ document }) => document.kind === 'TLSRoute')
  if (tls.length === 0) return undefined
  const index = new HostIndex<Rule>()
  for (const attachment of tls.toReversed()) {
    const rule = plainRule(attachment)
    if (rule !== undefined) for (const name of hostnamesOf(attachment)) index.set(name, rule)
  }
  return index
}

function plainRule({ document, origin }: Attachment): Rule | undefined {
  if (document.kind !== 'TLSRoute' && document.kind !== 'TCPRoute') return undefined
  const rule = document.spec.rules[0]
  return rule && compilePlainRule(rule, 0, origin)
}
