/** Whether a peer's address is of this machine; undefined is a Unix socket. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return true
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}
