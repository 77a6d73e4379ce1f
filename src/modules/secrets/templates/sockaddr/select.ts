import { compiled } from '../functions/text.ts'
import { Address } from './address.ts'
import { blocksOf, isForwardable } from './blocks.ts'
import type { InterfaceAddress, Network } from './interfaces.ts'

export type Addresses = readonly InterfaceAddress[]

/** What `include` keeps and `exclude` drops. */
export interface Split {
  readonly matched: Addresses
  readonly rest: Addresses
}

/**
 * Tells addresses apart (go-sockaddr, `include` and `exclude`). Where several networks, types or RFCs are given, each is
 * held against all addresses, as there: one may come more than once.
 */
export function split(selector: string, argument: string, from: Addresses): Split {
  const each = (test: (part: string) => (one: InterfaceAddress) => boolean) => {
    const tests = argument.split('|').map(test)
    return merged(tests.map(is => divided(from, is)))
  }
  switch (selector.toLowerCase()) {
    case 'address':
      return matching(argument, from, ({ address }) => String(address))
    case 'name':
      return matching(argument, from, ({ name }) => name)
    case 'port':
      return matching(argument, from, () => '0')
    case 'flag':
    case 'flags':
      return divided(from, hasFlags(argument))
    case 'network':
      return each(part => {
        const network = Address.parse(part)
        return ({ address }) => network.contains(address)
      })
    case 'rfc':
    case 'rfcs':
      return each(isOfRfc)
    case 'size':
      return divided(from, ({ address }) => address.prefix === Number(argument))
    case 'type':
      return byType(argument, from)
    default:
      throw new Error(`invalid selector ${JSON.stringify(selector)}`)
  }
}

export function isOfRfc(rfc: string): (one: InterfaceAddress) => boolean {
  const blocks = blocksOf(rfc)
  return ({ address }) => blocks.some(block => block.contains(address))
}

/** As one list for each of the types, address by address. */
function byType(argument: string, from: Addresses): Split {
  const types = argument.toLowerCase().split('|')
  const unknown = types.find(type => !['ip', 'ipv4', 'ipv6', 'unix'].includes(type))
  if (unknown !== undefined) throw new Error(`unsupported type ${JSON.stringify(unknown)}`)
  const pairs = from.flatMap(one => types.map(type => ({ one, type })))
  const is = ({ one, type }: (typeof pairs)[number]) =>
    type === 'ip' || type === one.address.type.toLowerCase()
  return {
    matched: pairs.filter(is).map(({ one }) => one),
    rest: pairs.filter(pair => !is(pair)).map(({ one }) => one),
  }
}

type AddressTest = (address: Address) => boolean

const within = (block: string): AddressTest => {
  const parsed = Address.parse(block)
  return address => parsed.contains(address.at(address.value))
}
const either =
  (...tests: readonly AddressTest[]): AddressTest =>
  address =>
    tests.some(is => is(address))

const LOOPBACK = either(within('127.0.0.0/8'), within('::1/128'))
const MULTICAST = either(within('224.0.0.0/4'), within('ff00::/8'))
const LINK_LOCAL = either(within('169.254.0.0/16'), within('fe80::/10'))
const UNSPECIFIED = either(within('0.0.0.0/32'), within('::/128'))
const NONE = either(LOOPBACK, MULTICAST, LINK_LOCAL, UNSPECIFIED, within('255.255.255.255/32'))

/** What a flag says of addresses. */
const OF_ADDRESSES: Readonly<Record<string, AddressTest>> = {
  forwardable: isForwardable,
  'global unicast': address => !NONE(address),
  'interface-local multicast': within('ff01::/16'),
  'link-local multicast': either(within('224.0.0.0/24'), within('ff02::/16')),
  'link-local unicast': LINK_LOCAL,
  loopback: LOOPBACK,
  multicast: MULTICAST,
  unspecified: UNSPECIFIED,
}
/** What a flag says of interfaces; `down` takes `up` away again. */
const OF_INTERFACES: Readonly<Record<string, string>> = {
  broadcast: 'broadcast',
  loopback: 'loopback',
  multicast: 'multicast',
  'point-to-point': 'pointtopoint',
  up: 'up',
}

/** All that interfaces are to be, or any of what addresses are to be. */
export function hasFlags(argument: string): (one: InterfaceAddress) => boolean {
  const names = argument.toLowerCase().split('|')
  const wanted = new Set<string>()
  for (const name of names) {
    const flag = OF_INTERFACES[name]
    if (flag !== undefined) wanted.add(flag)
    else if (name === 'down') wanted.delete('up')
    else if (OF_ADDRESSES[name] === undefined)
      throw new Error(`unknown interface flag ${JSON.stringify(name)}`)
  }
  const isOfInterfaces = names.some(name => name in OF_INTERFACES || name === 'down')
  const tests = names.flatMap(name => OF_ADDRESSES[name] ?? [])
  return ({ flags, address }) =>
    (isOfInterfaces && [...wanted].every(flag => flags.has(flag))) || tests.some(is => is(address))
}

function matching(pattern: string, from: Addresses, text: (one: InterfaceAddress) => string): Split {
  const is = compiled(pattern, '')
  return divided(from, one => is.test(text(one)))
}

function divided(from: Addresses, is: (one: InterfaceAddress) => boolean): Split {
  return { matched: from.filter(is), rest: from.filter(one => !is(one)) }
}

function merged(splits: readonly Split[]): Split {
  return { matched: splits.flatMap(each => each.matched), rest: splits.flatMap(each => each.rest) }
}

/** Which of two comes first: below zero the first one. */
type Order = (a: InterfaceAddress, b: InterfaceAddress) => number

/** `default,-type,size,+address`: the first that tells two apart decides. */
export function sorted(criteria: string, from: Addresses, network: Network): Addresses {
  const orders = criteria.split(',').map(written => orderOf(written.trim().toLowerCase(), network))
  // By insertion, as there: what cannot be told apart stays where it is, and orders that know one kind only end alike.
  const list: InterfaceAddress[] = []
  for (const one of from) {
    let at = list.length
    while (at > 0 && isBefore(one, list[at - 1]!, orders)) at--
    list.splice(at, 0, one)
  }
  return list
}

function isBefore(a: InterfaceAddress, b: InterfaceAddress, orders: readonly Order[]): boolean {
  for (const order of orders) {
    const is = order(a, b)
    if (is !== 0) return is < 0
  }
  return false
}

function orderOf(written: string, network: Network): Order {
  const order = ORDERS[written.replace(/^[+-]/, '')]
  if (order === undefined) throw new Error(`unknown sort type: ${JSON.stringify(written)}`)
  const ascending = order(network)
  return written.startsWith('-') ? (a, b) => -ascending(a, b) : ascending
}

const compare = (a: bigint | string, b: bigint | string) => (a < b ? -1 : a > b ? 1 : 0)
const first =
  (is: (one: InterfaceAddress) => boolean): Order =>
  (a, b) =>
    Number(is(b)) - Number(is(a))

const ORDERS: Readonly<Record<string, (network: Network) => Order>> = {
  address: () => (a, b) =>
    a.address.width === b.address.width ? compare(a.address.value, b.address.value) : 0,
  default: network => first(({ name }) => name === network.defaultInterface),
  name: () => (a, b) => compare(a.name, b.name),
  port: () => () => 0,
  private: () => {
    const isPrivate = isOfRfc('6890')
    const order = first(isPrivate)
    return (a, b) => (a.address.width === b.address.width ? order(a, b) : isPrivate(a) ? -1 : 0)
  },
  size: () => (a, b) => (a.address.width === b.address.width ? compare(a.address.mask, b.address.mask) : 0),
  type: () => (a, b) => a.address.width - b.address.width,
}
