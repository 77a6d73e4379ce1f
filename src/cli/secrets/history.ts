import type { KvVersion } from '../../modules/secrets/store/kv.ts'
import type { Call } from '../call.ts'
import { placeOf, storeOfCall } from './store-of-call.ts'
import { mistakeIn } from './words.ts'

export function mistake(call: Call): string | undefined {
  return mistakeIn(call, { positionals: [1, 1, 'PATH'] })
}

/** `outrigger secrets history`: when versions were made, and the names of their entries. */
export async function run(call: Call): Promise<number> {
  const where = await storeOfCall(call)
  const place = await placeOf(call.positionals[0]!, where)
  const secret = (await where.store.read()).secrets.get(place)
  if (secret === undefined)
    throw new Error(`there is no ${place}; outrigger secrets list shows what there is`)
  const nowMs = Date.now()
  const { isReadable } = await import('../../modules/secrets/store/kv.ts')
  const rows = [...secret.versions]
    .sort(([a], [b]) => b - a)
    .map(([version, is]) => [
      String(version),
      time(is.createdMs),
      stateOf(is, isReadable(is, nowMs)),
      [...(is.data?.keys() ?? [])].join(', '),
    ])
  const table = [['VERSION', 'MADE', 'STATE', 'ENTRIES'], ...rows]
  const widths = [0, 1, 2].map(column => Math.max(...table.map(row => row[column]!.length)) + 2)
  for (const row of table)
    call.io.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('')
        .trimEnd()}\n`,
    )
  return 0
}

function stateOf(version: KvVersion, readable: boolean): string {
  if (version.destroyed) return 'destroyed'
  if (!readable) return `deleted ${time(version.deletedMs!)}`
  return version.deletedMs === undefined ? 'readable' : `until ${time(version.deletedMs)}`
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
