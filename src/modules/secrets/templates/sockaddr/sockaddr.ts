import { Template } from '../../../../wire/gotemplate/template.ts'
import { GoFunction, GoStruct, type Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed, variadic } from '../functions/define.ts'
import type { Address } from './address.ts'
import type { InterfaceAddress, Network } from './interfaces.ts'
import { calculated } from './math.ts'
import { type Addresses, hasFlags, isOfRfc, sorted, split } from './select.ts'

/** What a text of addresses may be long; there are few interfaces. */
const MAX_OUTPUT = 1024 * 1024
const MAX_STEPS = 100_000

/**
 * The function `sockaddr`: a template within a template, for the addresses of this machine, such as `GetPrivateIP` or
 * `GetAllInterfaces | include "name" "eth" | attr "address"` (go-sockaddr, package template).
 */
export function sockaddrFunctions(read: () => Network): Family {
  return [
    variadic('sockaddr', ['string'], (...words: string[]) => {
      const network = read()
      const template = Template.compile(`{{ ${words.join(' ')} }}`, {
        name: 'sockaddr.Parse',
        missingKey: 'error',
        functions: new Map(functionsOf(network).map(each => [each.name, each])),
      })
      return template.execute(structs(network.addresses), { maxOutput: MAX_OUTPUT, maxSteps: MAX_STEPS })
    }),
  ]
}

function functionsOf(network: Network): Family {
  const all = network.addresses
  const forwarded = () =>
    sorted('default,type,size', all.filter(hasFlags('forwardable')).filter(hasFlags('up')), network)
  const isPrivate = isOfRfc('6890')
  const isPublic = (one: InterfaceAddress) => !isPrivate(one)
  const hosts = (addresses: Addresses) => addresses.map(({ address }) => address.host)
  const named = (pattern: string) => sorted('type,size', split('name', pattern, all).matched, network)
  const bySize = () => sorted('type,size', all, network)
  return [
    fixed('GetAllInterfaces', [], () => structs(all)),
    fixed('GetDefaultInterfaces', [], () => {
      if (network.defaultInterface === undefined) throw new Error('No default interface found')
      return structs(all.filter(({ name }) => name === network.defaultInterface))
    }),
    fixed('GetPrivateInterfaces', [], () => structs(forwarded().filter(isPrivate))),
    fixed('GetPublicInterfaces', [], () => structs(forwarded().filter(isPublic))),
    fixed('GetPrivateIP', [], () => hosts(forwarded().filter(isPrivate))[0] ?? ''),
    fixed('GetPublicIP', [], () => hosts(forwarded().filter(isPublic))[0] ?? ''),
    fixed('GetPrivateIPs', [], () =>
      hosts(bySize().filter(isPrivate).filter(hasFlags('forwardable'))).join(' '),
    ),
    fixed('GetPublicIPs', [], () => hosts(bySize().filter(isPublic)).join(' ')),
    fixed('GetInterfaceIP', ['string'], (pattern: string) => {
      return hosts(named(pattern).filter(hasFlags('forwardable')))[0] ?? ''
    }),
    fixed('GetInterfaceIPs', ['string'], (pattern: string) => hosts(named(pattern)).join(' ')),
    fixed('sort', ['string', 'any'], (by: string, from: Value) => structs(sorted(by, listOf(from), network))),
    fixed('include', ['string', 'string', 'any'], (selector: string, argument: string, from: Value) =>
      structs(split(selector, argument, listOf(from)).matched),
    ),
    fixed('exclude', ['string', 'string', 'any'], (selector: string, argument: string, from: Value) =>
      structs(split(selector, argument, listOf(from)).rest),
    ),
    fixed('math', ['string', 'string', 'any'], (operation: string, value: string, from: Value) =>
      structs(listOf(from).map(one => calculated(operation, value, one))),
    ),
    ...['attr', 'Attr'].map(name =>
      fixed(name, ['string', 'any'], (selector: string, from: Value) => {
        const [one] = from instanceof GoStruct ? [addressOf(from)] : listOf(from)
        return one === undefined ? '' : attribute(selector, one)
      }),
    ),
    fixed('join', ['string', 'string', 'any'], (selector: string, between: string, from: Value) =>
      listOf(from)
        .map(one => attribute(selector, one))
        .join(between),
    ),
    fixed('limit', ['uint', 'any'], (count: Value, from: Value) =>
      structs(listOf(from).slice(0, whole(count))),
    ),
    fixed('offset', ['int', 'any'], (count: Value, from: Value) => {
      const [list, at] = [listOf(from), whole(count)]
      if (Math.abs(at) > list.length)
        throw new Error(
          `unable to seek past the end of the interface array: offset (${Math.abs(at)}) exceeds the number of interfaces (${list.length})`,
        )
      return structs(list.slice(at))
    }),
    fixed('unique', ['string', 'any'], (selector: string, from: Value) =>
      structs(unique(selector, listOf(from))),
    ),
  ]
}

/** Equal neighbours are one. */
function unique(selector: string, from: Addresses): Addresses {
  const key = selector.toLowerCase()
  if (key !== 'address' && key !== 'name')
    throw new Error(`unsupported unique constraint ${JSON.stringify(selector)}`)
  const text = (one: InterfaceAddress) => (key === 'name' ? one.name : String(one.address))
  return from.filter((one, n) => n === 0 || text(one) !== text(from[n - 1]!))
}

const ATTRIBUTES: Readonly<Record<string, (address: Address) => string>> = {
  type: address => address.type,
  string: address => String(address),
  address: address => address.host,
  host: address => address.host,
  network: address => address.at(address.network).host,
  netmask: address => address.at(address.mask).host,
  mask_bits: address => String(address.prefix),
  binary: address => address.value.toString(2).padStart(address.width, '0'),
  hex: address => address.value.toString(16).padStart(address.width / 4, '0'),
  octets: address => address.octets().join(' '),
  port: () => '0',
  size: address => String(address.size),
  first_usable: address => address.at(address.network + (isNet(address) ? 1n : 0n)).host,
  last_usable: address => address.at(address.broadcast - (isNet(address) ? 1n : 0n)).host,
}

/** What only one of the two kinds has. */
const OF_KIND: Readonly<Record<'IPv4' | 'IPv6', Readonly<Record<string, (address: Address) => string>>>> = {
  IPv4: {
    broadcast: address => address.at(address.broadcast).host,
    uint32: address => String(address.value),
  },
  IPv6: { uint128: address => String(address.value) },
}

/** Whether its first address is that of the network, and its last one for all of it (RFC 3021: not of two only). */
function isNet({ width, prefix }: Address): boolean {
  return width === 32 && prefix < 31
}

function attribute(selector: string, { name, flags, address }: InterfaceAddress): string {
  const key = selector.toLowerCase()
  if (key === 'name') return name
  if (key === 'flags') return [...flags].join('|')
  const attributes = { ...ATTRIBUTES, ...OF_KIND[address.type] }
  const read = Object.hasOwn(attributes, key) ? attributes[key] : undefined
  if (read === undefined) throw new Error(`unsupported attribute name ${JSON.stringify(selector)}`)
  return read(address)
}

/** Addresses as templates hold them; which is which is known by the struct. */
const known = new WeakMap<GoStruct, InterfaceAddress>()

function structs(addresses: Addresses): Value {
  return addresses.map(one => {
    const struct = new GoStruct(
      'sockaddr.IfAddr',
      { Name: one.name },
      {
        String: new GoFunction('String', 0, 0, () => `${one.address} ${one.name}`),
      },
    )
    known.set(struct, one)
    return struct
  })
}

function addressOf(value: Value): InterfaceAddress {
  const one = value instanceof GoStruct ? known.get(value) : undefined
  if (one === undefined) throw new Error('is no address of an interface')
  return one
}

function listOf(value: Value): Addresses {
  if (!Array.isArray(value)) throw new Error('is no list of addresses of interfaces')
  return value.map(addressOf)
}

function whole(value: Value): number {
  return Number(value instanceof Object && 'value' in value ? value.value : value)
}
