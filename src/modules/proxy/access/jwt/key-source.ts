import { readFile } from 'node:fs/promises'
import { createHttpClient } from '../../../../http/client/client.ts'
import type { Timers } from '../../../../http/timers.ts'
import type { IssuerConfig } from './config.ts'

const MAX_BYTES = 1024 * 1024
const TIMEOUT_MS = 10_000

/** Reads the text of a key set; rejects with a message for people. */
export type LoadKeys = () => Promise<string>

export function keySource({ keys, ca }: Pick<IssuerConfig, 'keys' | 'ca'>, clock: Timers): LoadKeys {
  if (keys.kind === 'file') return () => readFile(keys.config, 'utf8')
  return () => download(keys.config, ca, clock)
}

/** One connection for one reading: there are minutes between two. */
async function download(address: string, ca: string | undefined, clock: Timers): Promise<string> {
  const url = new URL(address)
  const tls = ca === undefined ? undefined : { ca: await readFile(ca) }
  const client = createHttpClient({ origin: url, clock, connectTimeoutMs: TIMEOUT_MS, ...(tls && { tls }) })
  try {
    const response = await client.request({
      method: 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { accept: 'application/jwk-set+json, application/json' },
      timeoutMs: TIMEOUT_MS,
    })
    if (response.status !== 200) {
      const to = response.headers.get('location')
      throw new Error(
        `${address} answers ${response.status}${to ? `; write the URL that it leads to: ${to}` : ''}`,
      )
    }
    return (await response.body.bytes(MAX_BYTES)).toString()
  } finally {
    client.close()
  }
}
