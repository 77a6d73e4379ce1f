import { formatAddress } from '../kernel/config/address.ts'
import type { Address } from '../kernel/module.ts'
import { ADMIN_HOST, adminClient, errorOf } from './admin-client.ts'
import type { Io } from './io.ts'
import { recordLine } from './record-line.ts'

/** A longer line is none of ours. */
const MAX_LINE_BYTES = 4 * 1024 * 1024

/** What became of following a sidecar's live lines. */
export type Followed = { readonly code: 0 } | { readonly code: 1 | 2; readonly problem: string }

export interface LiveSource {
  readonly address: Address
  /** `/proxy/tap?status=5xx` */
  readonly path: string
  /** What is meant when the path does not exist: `no proxy`. */
  readonly absent: string
  /** End after so many lines. */
  readonly limit: number
}

/** Reads lines from the admin API until the sidecar ends them, or the limit is reached. Rejects when nobody answers. */
export async function followLines(
  { address, path, absent, limit }: LiveSource,
  print: (line: Buffer) => Promise<void>,
): Promise<Followed> {
  const client = adminClient(address)
  try {
    const { status, body } = await client.request({ method: 'GET', path, headers: ADMIN_HOST })
    if (status !== 200) {
      const answer = (await body.bytes(64 * 1024)).toString()
      if (status === 404)
        return { code: 1, problem: `the sidecar at ${formatAddress(address)} runs ${absent}` }
      return { code: status === 400 ? 2 : 1, problem: errorOf(answer) }
    }
    let left = limit
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of body) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
        const line = rest.subarray(0, end)
        rest = rest.subarray(end + 1)
        // An empty one asks whether somebody is still here.
        if (line.length === 0) continue
        await print(line)
        if (--left <= 0) return { code: 0 }
      }
      if (rest.length > MAX_LINE_BYTES)
        return { code: 1, problem: 'the sidecar sent something else than lines' }
    }
    return { code: 0 }
  } finally {
    client.close()
  }
}

/** Prints what comes: as it is with `json`, else for people. `what` are the things that can be missed: `requests`. */
export function livePrinter(
  { stdout, env }: Io,
  json: boolean,
  what: string,
): (line: Buffer) => Promise<void> {
  const colours = stdout.isTTY === true && env['NO_COLOR'] === undefined
  return async line => {
    const text = json ? `${line}\n` : shown(line, colours, what)
    if (!stdout.write(text)) await new Promise<void>(resolve => stdout.once('drain', () => resolve()))
  }
}

function shown(line: Buffer, colours: boolean, what: string): string {
  const { missed, record, time } = JSON.parse(line.toString()) as {
    readonly time?: string
    readonly missed?: number
    readonly record?: unknown
  }
  if (missed !== undefined) return `… ${missed} more ${what}, too fast to be shown\n`
  const text = record === undefined ? Buffer.from(line) : Buffer.from(JSON.stringify(record))
  return recordLine(text, Date.parse(time ?? ''), colours)
}
