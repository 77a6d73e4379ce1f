import { isIPv6, type Socket } from 'node:net'
import { nativeFunctions } from '../../../kernel/native.ts'
import { readAddress, writeAddress } from '../../../wire/ip/address.ts'

/** Where a connection was meant to go before a rule of the packet filter sent it here. */
export interface OriginalDestination {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** Undefined for a connection that no rule has redirected. */
export type FindOriginal = (socket: Socket) => OriginalDestination | undefined

/** What becomes of captured connections where it cannot be asked; stands behind the reason. */
export const WITHOUT_DESTINATIONS =
  'captured connections go by their host, their server name or the port that they come to (`ports`), and are refused where none of them tells'

/** Linux: linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h. */
const SOL_IP = 0
const SOL_IPV6 = 41
const SO_ORIGINAL_DST = 80
const ADDRESS_BYTES = 28

/**
 * Asks the kernel by getsockopt(SO_ORIGINAL_DST). Loads node:ffi, which Node has from version 26 on; a text when this
 * process cannot ask.
 */
export function originalDestinations(): FindOriginal | string {
  if (process.platform !== 'linux')
    return `${process.platform} does not know the original destination of a connection`
  const native = nativeFunctions({
    getsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'pointer'], return: 'i32' },
  })
  if (native === undefined) return `Node ${process.versions.node} has no node:ffi: version 26 has it`
  const { getsockopt } = native.functions
  const address = Buffer.alloc(ADDRESS_BYTES)
  const length = Buffer.alloc(4)
  const [addressAt, lengthAt] = [native.pointerTo(address), native.pointerTo(length)]
  return socket => {
    const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd
    const { localAddress, localPort } = socket
    if (fd === undefined || fd < 0 || localAddress === undefined) return undefined
    length.writeInt32LE(ADDRESS_BYTES)
    // A socket of both families has IPv4 connections under mapped addresses; the kernel knows them as IPv4.
    const level = isIPv6(localAddress) && !localAddress.startsWith('::ffff:') ? SOL_IPV6 : SOL_IP
    if (getsockopt(fd, level, SO_ORIGINAL_DST, addressAt, lengthAt) !== 0) return undefined
    const found = level === SOL_IP ? readIpv4(address) : readIpv6(address)
    const here = found.port === localPort && found.host === plain(localAddress)
    return here ? undefined : found
  }
}

/** struct sockaddr_in: family, port, address. */
function readIpv4(bytes: Buffer): OriginalDestination {
  return { host: [...bytes.subarray(4, 8)].join('.'), port: bytes.readUInt16BE(2) }
}

/** struct sockaddr_in6: family, port, flow, address. */
function readIpv6(bytes: Buffer): OriginalDestination {
  const words = Uint32Array.from([8, 12, 16, 20], at => bytes.readUInt32BE(at))
  return { host: writeAddress(6, words), port: bytes.readUInt16BE(2) }
}

/** The one way to write an address, that of `readIpv4` and `readIpv6`. */
function plain(address: string): string {
  const words = new Uint32Array(4)
  const family = readAddress(address, words)
  return family === 0 ? address : writeAddress(family, words)
}
