import type { ServerRequest } from '../../http/server/request.ts'
import type { ServerResponse } from '../../http/server/response.ts'
import type { Host } from '../../kernel/module.ts'
import { JsonRecord } from '../../wire/json/record.ts'
import type { Batch, Origin } from './batch.ts'

/** A request brings so much of a file of dead letters. */
const MAX_BODY_BYTES = 4 * 1024 * 1024
const MAX_LINES = 10_000
const LINE_FEED = 10

export interface ReplayParts {
  readonly host: Pick<Host, 'admin' | 'metrics'>
  /** The names of the outputs. */
  readonly outputs: readonly string[]
  /** Resolves once the records are safe. */
  readonly append: (batch: Batch) => Promise<void>
}

/** Takes dead letters back on the admin listener: each goes again to the output that refused it, and to no other. */
export function serveReplay({ host, outputs, append }: ReplayParts): void {
  const replayed = host.metrics.counter(
    'replayed_records_total',
    'Dead letters that were given back to their output.',
    ['output'],
  )
  host.admin.post(
    '/logs/replay',
    'Take dead letters back: lines as they stand in dead-letters.jsonl; ?output=NAME sends them there instead',
    async (request, response) => {
      const lines = await linesOf(request, response)
      if (lines === undefined) return
      const read = readLetters(lines, { outputs, to: request.query.get('output') ?? undefined })
      if ('problem' in read) return answer(response, 400, { error: read.problem })
      await Promise.all(read.batches.map(append))
      for (const { origin, count } of read.batches) replayed.with(origin.only ?? '').inc(count)
      answer(response, 200, { records: read.batches.reduce((sum, { count }) => sum + count, 0) })
    },
  )
}

async function linesOf(request: ServerRequest, response: ServerResponse): Promise<Buffer | undefined> {
  try {
    return await request.body.bytes(MAX_BODY_BYTES)
  } catch (error) {
    answer(response, 413, { error: (error as Error).message })
    return undefined
  }
}

function answer(response: ServerResponse, status: number, value: object): void {
  response.send(status, { 'Content-Type': 'application/json' }, `${JSON.stringify(value)}\n`)
}

interface Letter {
  readonly origin: Origin
  readonly timeMs: number
  readonly record: Buffer
}

/** The records of letters as batches, one for each run of the same origin; or what is wrong with the first bad line. */
export function readLetters(
  lines: Buffer,
  { outputs, to }: { readonly outputs: readonly string[]; readonly to?: string | undefined },
): { readonly batches: readonly Batch[] } | { readonly problem: string } {
  if (to !== undefined && !outputs.includes(to)) return { problem: unknownOutput(to, outputs) }
  const groups: Letter[][] = []
  let count = 0
  for (let at = 0; at < lines.length; ) {
    const feed = lines.indexOf(LINE_FEED, at)
    const end = feed < 0 ? lines.length : feed
    if (end > at) {
      if (++count > MAX_LINES) return { problem: `expected at most ${MAX_LINES} lines in one request` }
      const letter = readLetter(lines.subarray(at, end), to)
      if (typeof letter === 'string') return { problem: `line ${count}: ${letter}` }
      const { only = '' } = letter.origin
      if (!outputs.includes(only)) return { problem: `line ${count}: ${unknownOutput(only, outputs)}` }
      const last = groups.at(-1)
      if (last !== undefined && isSame(last[0].origin, letter.origin)) last.push(letter)
      else groups.push([letter])
    }
    at = end + 1
  }
  return { batches: groups.map(batchOf) }
}

function unknownOutput(name: string, outputs: readonly string[]): string {
  return `there is no output "${name}"; there are ${outputs.join(', ')}; name one with output=NAME (--output NAME)`
}

/** The letter, or what is wrong with it. */
function readLetter(line: Buffer, to: string | undefined): Letter | string {
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(line.toString())
  } catch (error) {
    return `expected a JSON object, got something else: ${(error as Error).message}`
  }
  const { output, input, path, tag, recordTime, time, record, recordBase64 } = fields ?? {}
  if (typeof record !== 'object' && typeof recordBase64 !== 'string')
    return 'expected a dead letter with a record, got a line without one'
  const bytes = typeof recordBase64 === 'string' ? Buffer.from(recordBase64, 'base64') : recordOf(line)
  if (bytes === undefined || !new JsonRecord().open(bytes, 0, bytes.length))
    return 'expected the record to be a JSON object'
  const name = textOf(input, 'replay')
  const origin = {
    input: name,
    path: textOf(path, ''),
    tag: textOf(tag, name),
    only: to ?? textOf(output, ''),
  }
  const timeMs = Date.parse(textOf(recordTime, textOf(time, '')))
  return { origin, timeMs: Number.isNaN(timeMs) ? 0 : timeMs, record: bytes }
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise
}

/** The record's own bytes: it is the last member of its line. */
function recordOf(line: Buffer): Buffer | undefined {
  const letter = new JsonRecord()
  if (!letter.open(line, 0, line.length)) return undefined
  const last = letter.count - 1
  const key = line.toString('utf8', letter.keyStarts[last], letter.keyEnds[last])
  return key === 'record' ? line.subarray(letter.valueStarts[last], letter.valueEnds[last]) : undefined
}

function isSame(one: Origin, other: Origin): boolean {
  return (
    one.only === other.only && one.input === other.input && one.path === other.path && one.tag === other.tag
  )
}

function batchOf(letters: readonly Letter[]): Batch {
  const count = letters.length
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  let at = 0
  letters.forEach(({ record }, index) => {
    starts[index] = at
    ends[index] = at += record.length
  })
  return {
    bytes: Buffer.concat(letters.map(({ record }) => record)),
    count,
    starts,
    ends,
    timesMs: Float64Array.from(letters, ({ timeMs }) => timeMs),
    origin: letters[0].origin,
  }
}
