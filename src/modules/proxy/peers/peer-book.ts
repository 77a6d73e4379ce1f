import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Health } from '../../../kernel/module.ts'
import { readAddress, writeAddress } from '../../../wire/ip/address.ts'
import type { ClusterConfig } from '../clusters/config.ts'
import { startDiscovery } from '../clusters/discovery/discovery.ts'
import { specOf } from '../clusters/discovery/endpoint-list.ts'
import { type EndpointSpec, keyOf } from '../clusters/member.ts'
import type { PeerLookup } from '../clusters/peer-lookup.ts'
import { sameConfig } from '../clusters/same-config.ts'
import type { PeersConfig } from './config.ts'
import { type NameRule, parseNameRule } from './name-rule.ts'

interface Settings {
  readonly peers?: PeersConfig
  readonly upstreams: Readonly<Record<string, Pick<ClusterConfig, 'endpoints'>>>
}

export interface PeerBookParts {
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/** What is told of one address: who is to be met there. */
type Told = ReadonlyMap<string, string>

/** Places wait this long for a list that has not come: in strict mode they are refused then, in permissive reached as ever. */
const FIRST_LIST_MS = 5_000
const LIST = 'proxy.peers.list'

/**
 * Who is to be met where, for places that no upstream lists: by the list of `proxy.peers`, the endpoints of upstreams
 * (those of the configuration, and what is found of upstreams in use), and by rules for names. An identity is only ever
 * an expectation: the handshake proves it, or nothing is sent.
 */
export class PeerBook implements Disposable {
  readonly #parts: PeerBookParts
  #peers: PeersConfig | undefined
  #rules: readonly NameRule[] = []
  #source: Disposable | undefined
  #waiting: Timer | undefined
  #sourceFailure: string | undefined
  #list: Told | undefined
  #configured: Told = new Map()
  /** By upstream. */
  readonly #found = new Map<string, Told>()
  readonly #calls = new Set<() => void>()

  constructor(parts: PeerBookParts) {
    this.#parts = parts
  }

  /** Takes checked settings over. Until another list has come, what the one before has said holds. */
  use({ peers, upstreams }: Settings): void {
    const before = this.#peers
    this.#peers = peers
    this.#configured = toldBy(Object.values(upstreams).flatMap(({ endpoints = [] }) => endpoints.map(specOf)))
    this.#rules = (peers?.names ?? []).map(rule => parseNameRule(rule) as NameRule)
    if (!sameConfig(before?.list, peers?.list)) this.#follow(peers?.list)
    this.#changed()
  }

  /** What is found of an upstream in use; an empty list when it is closed. */
  found(upstream: string, specs: readonly EndpointSpec[]): void {
    const told = toldBy(specs)
    if (isSame(told, this.#found.get(upstream))) return
    if (told.size === 0) this.#found.delete(upstream)
    else this.#found.set(upstream, told)
    this.#changed()
  }

  /** By the first rule that fits. */
  called(name: string): string | undefined {
    for (const rule of this.#rules) {
      const identity = rule.identityOf(name)
      if (identity !== undefined) return identity
    }
    return undefined
  }

  /** For a place that was asked for by this name, or address. */
  of(name: string): PeerLookup {
    const book = this
    return {
      get ready() {
        return book.#waiting === undefined
      },
      identityOf: spec => book.#at(placeOf(spec)) ?? book.called(name),
      onChange: call => book.#onChange(call),
    }
  }

  /** Undefined without a list. */
  health(): Health | undefined {
    if (this.#source === undefined) return undefined
    if (this.#sourceFailure === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'degraded', message: this.#sourceFailure }
  }

  [Symbol.dispose](): void {
    this.#follow(undefined)
    this.#calls.clear()
  }

  #at(place: string): string | undefined {
    const known = this.#list?.get(place) ?? this.#configured.get(place)
    if (known !== undefined) return known
    for (const told of this.#found.values()) {
      const identity = told.get(place)
      if (identity !== undefined) return identity
    }
    return undefined
  }

  #onChange(call: () => void): () => void {
    const entry = () => call()
    this.#calls.add(entry)
    return () => void this.#calls.delete(entry)
  }

  #follow(list: PeersConfig['list']): void {
    this.#source?.[Symbol.dispose]()
    this.#source = undefined
    this.#sourceFailure = undefined
    this.#waiting?.cancel()
    this.#waiting = undefined
    if (list === undefined) {
      this.#list = undefined
      return
    }
    const { clock, log } = this.#parts
    if (this.#list === undefined) this.#waiting = clock.timeout(FIRST_LIST_MS, () => this.#waitNoMore())
    this.#source = startDiscovery(list, this.#parts, {
      found: specs => {
        if (this.#sourceFailure !== undefined)
          log.info('discovery_recovered', 'the list of peers is found again', { source: LIST })
        this.#sourceFailure = undefined
        const told = toldBy(specs)
        const isNews = !isSame(told, this.#list)
        this.#list = told
        if (this.#waiting !== undefined) this.#waitNoMore()
        else if (isNews) this.#changed()
      },
      failed: reason => {
        this.#sourceFailure = reason
        const kept = this.#list === undefined ? 'it says nothing yet' : 'what it said last holds'
        log.warn('discovery_failed', `${LIST}: ${reason}; ${kept}`, { source: LIST })
        if (this.#waiting !== undefined) this.#waitNoMore()
      },
    })
  }

  #waitNoMore(): void {
    this.#waiting?.cancel()
    this.#waiting = undefined
    this.#changed()
  }

  #changed(): void {
    for (const call of [...this.#calls]) call()
  }
}

function toldBy(specs: readonly EndpointSpec[]): Told {
  const told = new Map<string, string>()
  for (const spec of specs) if (spec.identity !== undefined) told.set(placeOf(spec), spec.identity)
  return told
}

function isSame(one: Told, other: Told = new Map()): boolean {
  if (one.size !== other.size) return false
  for (const [place, identity] of one) if (other.get(place) !== identity) return false
  return true
}

/** One text for each address, however it is written. */
function placeOf(spec: EndpointSpec): string {
  if (spec.socketPath !== undefined) return spec.socketPath
  const words = new Uint32Array(4)
  const family = readAddress(spec.host, words)
  return keyOf(family === 0 ? spec : { ...spec, host: writeAddress(family, words) })
}
