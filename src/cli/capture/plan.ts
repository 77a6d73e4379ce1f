import { type Cidr, parseCidr, writeCidr } from '../../wire/ip/cidr.ts'
import type { Call } from '../call.ts'

/** Which connections of a pod go through the sidecar. */
export interface CapturePlan {
  /** Undefined: connections to the application are left alone. */
  readonly inbound: Inbound | undefined
  /** Undefined: connections of the application are left alone. */
  readonly outbound: Outbound | undefined
  readonly ipv6: boolean
}

export interface Inbound {
  /** Where the sidecar takes them. */
  readonly to: number
  /** Undefined: all but the excluded. */
  readonly ports: readonly PortRange[] | undefined
  readonly exceptPorts: readonly PortRange[]
  readonly portMap: readonly PortPair[]
}

/** Connections to one port that go to a port of their own, so that the sidecar knows which one they were meant for. */
export interface PortPair {
  readonly port: number
  readonly to: number
}

export interface Outbound {
  readonly to: number
  /** Undefined: all but the excluded. */
  readonly ports: readonly PortRange[] | undefined
  readonly exceptPorts: readonly PortRange[]
  readonly portMap: readonly PortPair[]
  /** Undefined: to everywhere but the excluded. */
  readonly blocks: readonly Cidr[] | undefined
  readonly exceptBlocks: readonly Cidr[]
  readonly exceptUids: readonly number[]
  readonly exceptGids: readonly number[]
}

export interface PortRange {
  readonly from: number
  readonly to: number
}

/** Names resolve in any case: what asks for them is left alone. */
const DNS: PortRange = { from: 53, to: 53 }

type Values = Call['values']

/** A sentence for who wrote the options, when one of them cannot be read. */
export function readPlan(values: Values): CapturePlan | string {
  const reader = new Reader(values)
  const inboundTo = reader.port('inbound-port', 15_006)
  const outboundTo = reader.port('outbound-port', 15_001)
  const inboundMap = reader.pairs('inbound-port-map')
  const outboundMap = reader.pairs('outbound-port-map')
  const places = [inboundTo, outboundTo, ...[...inboundMap, ...outboundMap].map(({ to }) => to)]
  const own = places.map(port => ({ from: port, to: port }))
  const uids = reader.ids('exclude-uid')
  const gids = reader.ids('exclude-gid')
  const plan: CapturePlan = {
    inbound: values['no-inbound']
      ? undefined
      : {
          to: inboundTo,
          ports: reader.ports('inbound-ports'),
          exceptPorts: merged([...own, ...(reader.ports('exclude-inbound-ports') ?? [])]),
          portMap: inboundMap,
        },
    outbound: values['no-outbound']
      ? undefined
      : {
          to: outboundTo,
          ports: reader.ports('outbound-ports'),
          exceptPorts: merged([DNS, ...(reader.ports('exclude-outbound-ports') ?? [])]),
          portMap: outboundMap,
          blocks: reader.blocks('outbound-ranges'),
          exceptBlocks: reader.blocks('exclude-outbound-ranges') ?? [],
          exceptUids: uids.length === 0 && gids.length === 0 ? [DEFAULT_UID] : uids,
          exceptGids: gids,
        },
    ipv6: values['no-ipv6'] !== true,
  }
  if (reader.mistake !== undefined) return reader.mistake
  if (plan.inbound === undefined && plan.outbound === undefined)
    return '--no-inbound and --no-outbound together leave nothing to capture'
  if (inboundTo === outboundTo)
    return `--inbound-port and --outbound-port are both ${inboundTo}; the sidecar tells them apart by the port`
  return (
    pairsMistake('inbound', plan.inbound) ??
    pairsMistake('outbound', plan.outbound) ??
    sameTwice(places) ??
    plan
  )
}

function pairsMistake(direction: string, side: Inbound | Outbound | undefined): string | undefined {
  const seen = new Set<number>()
  for (const { port } of side?.portMap ?? []) {
    if (side!.exceptPorts.some(({ from, to }) => from <= port && port <= to))
      return `--${direction}-port-map: connections to port ${port} are left alone, so there is nothing to send`
    if (seen.has(port)) return `--${direction}-port-map: port ${port} is there twice`
    seen.add(port)
  }
  return undefined
}

function sameTwice(places: readonly number[]): string | undefined {
  const again = places.find((port, at) => places.indexOf(port) !== at)
  return again === undefined
    ? undefined
    : `two kinds of connections go to port ${again}; the sidecar tells them apart by the port`
}

/** As sidecars of service meshes are used to. */
export const DEFAULT_UID = 1337

class Reader {
  mistake: string | undefined
  readonly #values: Values

  constructor(values: Values) {
    this.#values = values
  }

  port(name: string, initial: number): number {
    const text = this.#values[name]
    if (text === undefined) return initial
    const port = readPort(String(text))
    if (port !== undefined) return port
    this.#wrong(name, String(text), 'a port from 1 to 65535')
    return initial
  }

  ports(name: string): readonly PortRange[] | undefined {
    const items = this.#items(name)
    if (items === undefined || items.includes('*')) return undefined
    return merged(
      items.flatMap(item => readRange(item) ?? this.#wrong(name, item, 'ports such as 80,8000-8100')),
    )
  }

  pairs(name: string): readonly PortPair[] {
    return (this.#items(name) ?? []).flatMap(item => {
      const [port, to, more] = item.split(':').map(readPort)
      if (port !== undefined && to !== undefined && more === undefined) return { port, to }
      return this.#wrong(name, item, 'pairs such as 5432:15432')
    })
  }

  blocks(name: string): readonly Cidr[] | undefined {
    const items = this.#items(name)
    if (items === undefined || items.includes('*')) return undefined
    return items.flatMap(
      item => parseCidr(item) ?? this.#wrong(name, item, 'blocks such as 10.0.0.0/8,fd00::/8'),
    )
  }

  ids(name: string): readonly number[] {
    return (this.#items(name) ?? []).flatMap(item =>
      /^\d{1,9}$/.test(item) ? Number(item) : this.#wrong(name, item, 'numeric ids such as 1337'),
    )
  }

  #items(name: string): readonly string[] | undefined {
    const value = this.#values[name]
    if (value === undefined) return undefined
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
    return texts.flatMap(text => String(text).split(',')).filter(item => item !== '')
  }

  #wrong(name: string, got: string, expected: string): [] {
    this.mistake ??= `--${name}: expected ${expected}, got "${got}"`
    return []
  }
}

function readPort(text: string): number | undefined {
  const range = readRange(text)
  return range !== undefined && range.from === range.to ? range.from : undefined
}

function readRange(text: string): PortRange | undefined {
  const parts = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(text)
  if (parts === null) return undefined
  const from = Number(parts[1])
  const to = Number(parts[2] ?? parts[1])
  return from >= 1 && from <= to && to <= 65_535 ? { from, to } : undefined
}

/** In order, those that touch made one: sets of nftables take no overlaps. */
function merged(ranges: readonly PortRange[]): PortRange[] {
  const sorted = ranges.toSorted((one, other) => one.from - other.from)
  const result: PortRange[] = []
  for (const range of sorted) {
    const last = result.at(-1)
    if (last !== undefined && range.from <= last.to + 1)
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) }
    else result.push(range)
  }
  return result
}

/** Of one family, written as both tools read them. */
export function blocksOf(blocks: readonly Cidr[], family: 4 | 6): string[] {
  return blocks.filter(block => block.family === family).map(writeCidr)
}

export function writeRange({ from, to }: PortRange, between: string): string {
  return from === to ? String(from) : `${from}${between}${to}`
}
