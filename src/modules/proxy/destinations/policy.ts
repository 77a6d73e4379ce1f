import { isIP } from 'node:net'
import { readAddress } from '../../../wire/ip/address.ts'
import { type Cidr, contains, parseCidr } from '../../../wire/ip/cidr.ts'
import { isPublic } from '../../../wire/ip/public.ts'

/** Where a listener may take a client: by name before the look-up, by address after it. */
export interface DestinationPolicy {
  /**
   * For a host (lower case; an IPv6 address without brackets). `by_address`: the name is not listed, so each of its
   * addresses has to pass `takesAddress`. `refused`: nothing allows it, or something denies it.
   */
  decide(host: string, port: number, tunnel: boolean): 'allowed' | 'by_address' | 'refused'
  /** Whether an address may be used; `listed` when the name that led here is allowed by itself. */
  takesAddress(address: string, port: number, tunnel: boolean, listed: boolean): boolean
}

export interface DestinationRules {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** Ports that a rule without a port allows for CONNECT. */
  readonly connectPorts: readonly number[]
}

interface Rule {
  /** Undefined: any. */
  readonly port: number | undefined
  readonly hosts: Hosts
}

type Hosts =
  | { readonly kind: 'any' | 'public' }
  | { readonly kind: 'block'; readonly block: Cidr }
  | { readonly kind: 'name'; readonly name: string }
  /** Begins with a dot. */
  | { readonly kind: 'below'; readonly suffix: string }

const NAME = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/

/** Undefined for a text that is no rule: `public`, `*`, a name, `*.example.com`, an address or a block, each with a port or without. */
export function parseDestination(text: string): Rule | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+|[^:]*:[^:]*:.*?))(?::(\d{1,5}))?$/.exec(text.toLowerCase())
  if (parts === null) return undefined
  const host = parts[1] ?? parts[2]!
  const port = parts[3] === undefined ? undefined : Number(parts[3])
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined
  const hosts = parseHosts(host, parts[1] !== undefined)
  return hosts && { port, hosts }
}

function parseHosts(host: string, bracketed: boolean): Hosts | undefined {
  if (!bracketed && host === '*') return { kind: 'any' }
  if (!bracketed && host === 'public') return { kind: 'public' }
  const block = parseCidr(host)
  if (block !== undefined) return { kind: 'block', block }
  if (bracketed || !NAME.test(host) || /^[\d.]+$/.test(host)) return undefined
  return host.startsWith('*.') ? { kind: 'below', suffix: host.slice(1) } : { kind: 'name', name: host }
}

/** `rules` have been checked with `parseDestination`. */
export function destinationPolicy({ allow, deny, connectPorts }: DestinationRules): DestinationPolicy {
  const allowed = allow.map(text => parseDestination(text)!)
  const denied = deny.map(text => parseDestination(text)!)
  const ports = new Set(connectPorts)
  const opens = ({ port: own }: Rule, port: number, tunnel: boolean): boolean =>
    own === undefined ? !tunnel || ports.has(port) : own === port
  const closes = ({ port: own }: Rule, port: number): boolean => own === undefined || own === port
  const takesAddress: DestinationPolicy['takesAddress'] = (address, port, tunnel, listed) => {
    const words = new Uint32Array(4)
    const family = readAddress(address, words)
    if (family === 0) return false
    const holds = ({ hosts }: Rule): boolean =>
      hosts.kind === 'any' ||
      (hosts.kind === 'public' && isPublic(family, words)) ||
      (hosts.kind === 'block' && contains(hosts.block, family, words))
    if (denied.some(rule => closes(rule, port) && holds(rule))) return false
    return listed || allowed.some(rule => opens(rule, port, tunnel) && holds(rule))
  }
  return {
    takesAddress,
    decide(host, port, tunnel) {
      if (isIP(host) !== 0) return takesAddress(host, port, tunnel, false) ? 'allowed' : 'refused'
      const names = ({ hosts }: Rule): boolean =>
        hosts.kind === 'any' ||
        (hosts.kind === 'name' && hosts.name === host) ||
        (hosts.kind === 'below' && host.endsWith(hosts.suffix))
      if (denied.some(rule => closes(rule, port) && names(rule))) return 'refused'
      const open = allowed.filter(rule => opens(rule, port, tunnel))
      if (open.some(names)) return 'allowed'
      return open.some(({ hosts }) => hosts.kind === 'public' || hosts.kind === 'block')
        ? 'by_address'
        : 'refused'
    },
  }
}
