import type { Address } from '../module.ts'

/** `host:port`, `[ipv6]:port`, `/path.sock` or `unix:/path.sock`; undefined when it is none of them. */
export function parseAddress(text: string): Address | undefined {
  const path = /^(?:unix:)?(\/.+)$/.exec(text)?.[1]
  if (path !== undefined) return { path }
  const parts = /^(?:\[([0-9a-f:.%]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text)
  if (parts === null) return undefined
  const port = Number(parts[3])
  return port > 65535 ? undefined : { host: parts[1] ?? parts[2], port }
}

/** The notation that `parseAddress` reads back. */
export function formatAddress(address: Address): string {
  if ('path' in address) return address.path
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
