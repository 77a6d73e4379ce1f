import { adminAddress } from '../admin-address.ts'
import type { Call } from '../call.ts'
import { followLines, livePrinter } from '../live-lines.ts'

const FILTERS = ['input', 'tag'] as const

/** `outrigger logs tail [QUERY]`: resolves when the sidecar ends, or after --limit records. */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const fail = (code: number, message: string) => {
    io.stderr.write(`outrigger logs tail: ${message}\n`)
    return code
  }
  const limit = values['limit'] === undefined ? Number.POSITIVE_INFINITY : Number(values['limit'])
  if (!(limit >= 1)) return fail(2, `--limit: expected a whole number from 1 on, got "${values['limit']}"`)
  const admin = await adminAddress(call)
  if ('problem' in admin) return fail(2, admin.problem)
  const query = new URLSearchParams()
  for (const name of FILTERS) if (typeof values[name] === 'string') query.set(name, String(values[name]))
  if (positionals.length > 0) query.set('when', positionals.join(' '))
  try {
    const source = { address: admin.address, path: `/logs/tail?${query}`, absent: 'no logs', limit }
    const followed = await followLines(source, livePrinter(io, values['json'] === true, 'records'))
    return 'problem' in followed ? fail(followed.code, followed.problem) : 0
  } catch (error) {
    return fail(1, (error as Error).message)
  }
}
