import { formatAddress } from '../../kernel/config/address.ts'
import type { Address } from '../../kernel/module.ts'
import { adminAddress } from '../admin-address.ts'
import { ADMIN_HOST, adminClient, errorOf } from '../admin-client.ts'
import type { Call } from '../call.ts'
import type { Io } from '../io.ts'
import { recordLine } from '../record-line.ts'

const FILTERS = ['path', 'method', 'status', 'route', 'listener', 'upstream'] as const
/** A longer line is none of ours. */
const MAX_LINE_BYTES = 1024 * 1024

/** `outrigger proxy tap`: resolves when the sidecar ends, or after --limit requests. */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const fail = (code: number, message: string) => {
    io.stderr.write(`outrigger proxy tap: ${message}\n`)
    return code
  }
  if (positionals.length > 0) return fail(2, `takes options only, got "${positionals.join(' ')}"`)
  const limit = values['limit'] === undefined ? Number.POSITIVE_INFINITY : Number(values['limit'])
  if (!(limit >= 1)) return fail(2, `--limit: expected a whole number from 1 on, got "${values['limit']}"`)
  const admin = await adminAddress(call)
  if ('problem' in admin) return fail(2, admin.problem)
  const query = new URLSearchParams()
  for (const name of FILTERS) if (typeof values[name] === 'string') query.set(name, String(values[name]))
  try {
    return await follow(admin.address, query, limit, printer(io, values['json'] === true), fail)
  } catch (error) {
    return fail(1, (error as Error).message)
  }
}

async function follow(
  address: Address,
  query: URLSearchParams,
  limit: number,
  print: (line: Buffer) => Promise<void>,
  fail: (code: number, message: string) => number,
): Promise<number> {
  const client = adminClient(address)
  try {
    const { status, body } = await client.request({
      method: 'GET',
      path: `/proxy/tap?${query}`,
      headers: ADMIN_HOST,
    })
    if (status !== 200) {
      const answer = (await body.bytes(64 * 1024)).toString()
      if (status === 404) return fail(1, `the sidecar at ${formatAddress(address)} runs no proxy`)
      return fail(status === 400 ? 2 : 1, errorOf(answer))
    }
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of body) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
        const line = rest.subarray(0, end)
        rest = rest.subarray(end + 1)
        // An empty one asks whether somebody is still here.
        if (line.length === 0) continue
        await print(line)
        if (--limit <= 0) return 0
      }
      if (rest.length > MAX_LINE_BYTES) return fail(1, 'the sidecar sent something else than lines')
    }
    return 0
  } finally {
    client.close()
  }
}

function printer({ stdout, env }: Io, json: boolean): (line: Buffer) => Promise<void> {
  const colours = stdout.isTTY === true && env['NO_COLOR'] === undefined
  return async line => {
    const text = json ? `${line}\n` : shown(line, colours)
    if (!stdout.write(text)) await new Promise<void>(resolve => stdout.once('drain', () => resolve()))
  }
}

function shown(line: Buffer, colours: boolean): string {
  const record = JSON.parse(line.toString()) as { time?: string; missed?: number }
  if (record.missed !== undefined) return `… ${record.missed} more requests, too fast to be shown\n`
  return recordLine(Buffer.from(line), Date.parse(record.time ?? ''), colours)
}
