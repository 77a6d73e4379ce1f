import type { Family } from './address.ts'
import { type Cidr, contains, parseCidr } from './cidr.ts'

/** Blocks of the IANA special-purpose registries (RFC 6890) that are not reached through the Internet, and multicast. */
const SPECIAL: readonly Cidr[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
].map(text => parseCidr(text)!)

/** What IPv6 has given out to the Internet so far, and what in it goes elsewhere or stands for an IPv4 address. */
const GLOBAL = parseCidr('2000::/3')!
const NOT_GLOBAL: readonly Cidr[] = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'].map(
  text => parseCidr(text)!,
)
/** RFC 6052: the last 32 bits are an IPv4 address, which a translator on the way goes to. */
const TRANSLATED = parseCidr('64:ff9b::/96')!

/** Whether an address that `readAddress` read is one of the Internet: not private, loopback, link-local (metadata services), multicast or reserved. */
export function isPublic(family: Family, words: Uint32Array): boolean {
  if (family === 4) return !SPECIAL.some(block => contains(block, 4, words))
  if (family !== 6) return false
  if (contains(TRANSLATED, 6, words)) return isPublic(4, Uint32Array.of(0, 0, 0, words[3]!))
  return contains(GLOBAL, 6, words) && !NOT_GLOBAL.some(block => contains(block, 6, words))
}
