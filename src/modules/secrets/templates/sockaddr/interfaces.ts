import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { Address } from './address.ts'

/** One address of one interface. */
export interface InterfaceAddress {
  readonly name: string
  /** As Go calls them: up, broadcast, loopback, pointtopoint, multicast, running. */
  readonly flags: ReadonlySet<string>
  readonly address: Address
}

/** What templates see of the network. */
export interface Network {
  readonly addresses: readonly InterfaceAddress[]
  /** The interface of the default route. */
  readonly defaultInterface: string | undefined
}

/** Of the kernel's `net_device_flags`, in the order in which Go prints them. */
const FLAGS: readonly (readonly [string, number])[] = [
  ['up', 0x1],
  ['broadcast', 0x2],
  ['loopback', 0x8],
  ['pointtopoint', 0x10],
  ['multicast', 0x1000],
  ['running', 0x40],
]

/** The network as it is now. Interfaces that are down have no addresses here. */
export function readNetwork(): Network {
  const named = Object.entries(networkInterfaces()).map(([name, addresses = []]) => ({ name, addresses }))
  named.sort((a, b) => indexOf(a.name) - indexOf(b.name))
  return {
    addresses: named.flatMap(({ name, addresses }) => {
      const flags = flagsOf(name)
      return addresses.flatMap(({ cidr }) =>
        cidr === null ? [] : [{ name, flags, address: Address.parse(cidr) }],
      )
    }),
    defaultInterface: defaultInterface(),
  }
}

function indexOf(name: string): number {
  return Number(text(`/sys/class/net/${name}/ifindex`) ?? 0)
}

function flagsOf(name: string): ReadonlySet<string> {
  const bits = Number(text(`/sys/class/net/${name}/flags`) ?? 1)
  return new Set(FLAGS.flatMap(([flag, bit]) => ((bits & bit) === 0 ? [] : [flag])))
}

/** The first route to everywhere that leads over a gateway (proc(5), /proc/net/route). */
function defaultInterface(): string | undefined {
  const routes = (text('/proc/net/route') ?? '').split('\n').map(line => line.split('\t'))
  const GATEWAY = 0x2
  return routes.find(
    ([, destination, , flags, , , , mask]) =>
      destination === '00000000' && mask === '00000000' && (Number(`0x${flags}`) & GATEWAY) !== 0,
  )?.[0]
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
