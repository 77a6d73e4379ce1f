import { open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { HttpClient } from '../../http/client/client.ts'
import { adminAddress } from '../admin-address.ts'
import { ADMIN_HOST, adminClient, errorOf } from '../admin-client.ts'
import type { Call } from '../call.ts'

const LINE_FEED = 10
/** What one request brings, unless a single line is longer. */
const REQUEST_BYTES = 1024 * 1024
const READ_BYTES = 256 * 1024

/** `outrigger logs replay FILE`: gives dead letters back to a sidecar that runs. */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const fail = (code: number, message: string) => {
    io.stderr.write(`outrigger logs replay: ${message}\n`)
    return code
  }
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0)
    return fail(2, `expected one FILE of dead letters, got ${positionals.length}`)
  const admin = await adminAddress(call)
  if ('problem' in admin) return fail(2, admin.problem)
  const path = resolve(io.cwd, file)
  const isTaken = values['remove'] === true
  const source = isTaken && !path.endsWith('.replay') ? `${path}.replay` : path
  const output = values['output']
  const client = adminClient(admin.address)
  try {
    // Moved first: what is refused again goes to a new file, and is not removed with this one.
    if (source !== path) await rename(path, source)
    const query = typeof output === 'string' ? `?${new URLSearchParams({ output })}` : ''
    const sent = await sendFile(client, source, `/logs/replay${query}`)
    if (sent.problem !== undefined) {
      const kept = source === path ? '' : `; what is left is in ${source}`
      return fail(1, `${sent.problem}; ${sent.records} records were taken before${kept}`)
    }
    if (isTaken) await rm(source)
    io.stdout.write(`${sent.records} ${sent.records === 1 ? 'record is' : 'records are'} on the way again\n`)
    return 0
  } catch (error) {
    return fail(1, (error as Error).message)
  } finally {
    client.close()
  }
}

/** Sends the lines of the file, whole ones, a request after the other. */
async function sendFile(
  client: HttpClient,
  path: string,
  target: string,
): Promise<{ records: number; problem?: string }> {
  let records = 0
  let firstLine = 1
  for await (const lines of pieces(path)) {
    const { status, body } = await client.request({
      method: 'POST',
      path: target,
      headers: ADMIN_HOST,
      body: lines,
    })
    const answer = (await body.bytes(64 * 1024)).toString()
    if (status === 404) return { records, problem: 'the sidecar runs no logs' }
    if (status !== 200) return { records, problem: `${path}, from line ${firstLine} on: ${errorOf(answer)}` }
    records += Number(JSON.parse(answer).records)
    for (const byte of lines) if (byte === LINE_FEED) firstLine++
  }
  return { records }
}

async function* pieces(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    let rest: Buffer = Buffer.alloc(0)
    const chunk = Buffer.alloc(READ_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null)
      rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
      const end = bytesRead === 0 ? rest.length : rest.lastIndexOf(LINE_FEED) + 1
      if (end > 0 && (end >= REQUEST_BYTES || bytesRead === 0)) {
        yield rest.subarray(0, end)
        rest = rest.subarray(end)
      }
      if (bytesRead === 0) return
    }
  } finally {
    await file.close()
  }
}
