import { resolve } from 'node:path'
import { systemClock } from '../../kernel/clock/system.ts'
import { parseDuration } from '../../kernel/config/units.ts'
import type { Found, Search, StoreReader } from '../../modules/logs/outputs/store/search.ts'
import type { Call } from '../call.ts'
import type { Io } from '../io.ts'
import { recordLine } from '../record-line.ts'

const DEFAULT_LIMIT = 100
const LINE_FEED = Buffer.from('\n')

/** `outrigger logs QUERY`: searches an embedded store. */
export async function run(call: Call): Promise<number> {
  const { io } = call
  const { SearchError, StoreReader } = await import('../../modules/logs/outputs/store/search.ts')
  try {
    const path = text(call, 'store')
    if (path === undefined)
      throw new UsageError(
        '--store PATH is missing: the path of the store’s file; or say test, tail or replay',
      )
    const search = await searchOf(call)
    const limit = limitOf(call)
    using reader = new StoreReader(resolve(io.cwd, path))
    return await answer(call, reader, search, limit)
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof SearchError)) throw error
    io.stderr.write(`outrigger logs: ${error.message}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

class UsageError extends Error {
  override readonly name = 'UsageError'
}

async function answer(
  { io, values }: Call,
  reader: StoreReader,
  search: Search,
  limit: number,
): Promise<number> {
  if (values['count'] === true) {
    io.stdout.write(`${reader.count(search)}\n`)
    return 0
  }
  const line = values['json'] === true ? jsonLine : terminalLine(io)
  if (values['follow'] !== true) {
    for (const found of reader.find(search, limit)) await print(io, line(found))
    return 0
  }
  // Ends when the process is told to end, or when nobody reads any more.
  const forever = new AbortController().signal
  for await (const batch of reader.follow(search, limit, systemClock(), forever)) {
    for (const found of batch) await print(io, line(found))
  }
  return 0
}

async function searchOf(call: Call): Promise<Search> {
  const query = call.positionals.join(' ')
  const words = text(call, 'text')
  const sinceMs = moment(call, 'since')
  const untilMs = moment(call, 'until')
  return {
    ...(query.trim() !== '' && { condition: await conditionOf(query) }),
    ...(words !== undefined && { text: words }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
  }
}

async function conditionOf(query: string) {
  const { parseCondition } = await import('../../modules/logs/condition/parse.ts')
  const parsed = parseCondition(query)
  if ('condition' in parsed) return parsed.condition
  const pointer = `  ${query}\n  ${' '.repeat(parsed.column - 1)}^`
  throw new UsageError(
    `${parsed.problem}\n${pointer}\nA query is a condition such as 'status >= 500'; to search for words use --text.`,
  )
}

/** A duration before now, or a date. */
function moment(call: Call, option: string): number | undefined {
  const given = text(call, option)
  if (given === undefined) return undefined
  const agoMs = parseDuration(given)
  if (agoMs !== undefined) return systemClock().now() - agoMs
  const atMs = Date.parse(given)
  if (!Number.isNaN(atMs)) return atMs
  throw new UsageError(
    `--${option}: expected a duration such as 1h or a date such as 2026-01-31T12:00Z, got "${given}"`,
  )
}

function limitOf(call: Call): number {
  const given = text(call, 'limit')
  if (given === undefined) return DEFAULT_LIMIT
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given)
  throw new UsageError(`--limit: expected a whole number from 1 on, got "${given}"`)
}

function text({ values }: Call, option: string): string | undefined {
  const value = values[option]
  return typeof value === 'string' ? value : undefined
}

function jsonLine({ record }: Found): Buffer {
  return Buffer.concat([record, LINE_FEED])
}

function terminalLine(io: Io): (found: Found) => string {
  const colours = io.stdout.isTTY === true && io.env['NO_COLOR'] === undefined
  return ({ record, timeMs }) => recordLine(record, timeMs, colours)
}

async function print({ stdout }: Io, line: string | Uint8Array): Promise<void> {
  if (!stdout.write(line)) await new Promise<void>(resolve => stdout.once('drain', () => resolve()))
}
