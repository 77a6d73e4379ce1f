import { existsSync } from 'node:fs'
import type { InputHost, KnownPosition, Positions } from '../input.ts'

/**
 * Positions with those of Fluent Bit's tail behind them: its table in_tail_files knows files by inode. They are for files
 * that have no position of ours, and are used once each: an inode that comes back later is another file.
 */
export function foreignPositions(
  database: string | undefined,
  { positions, log, key }: Pick<InputHost, 'positions' | 'log' | 'key'>,
): Positions {
  if (database === undefined || !existsSync(database)) return positions
  let foreign: Map<number, { readonly offset: number; readonly name: string }>
  try {
    foreign = readDatabase(database)
  } catch (error) {
    log.warn('foreign_positions_unreadable', `${key}.positionsFrom: ${database}: ${(error as Error).message}`)
    return positions
  }
  log.info('foreign_positions', `positions of ${foreign.size} files are taken over from ${database}`)
  const taken = new Map<string, KnownPosition>()
  return {
    ...positions,
    get(file) {
      const own = positions.get(file)
      if (own !== undefined) {
        taken.delete(file)
        return own
      }
      const inode = Number.parseInt(file.slice(file.indexOf(':') + 1), 16)
      const found = foreign.get(inode)
      if (found !== undefined) {
        foreign.delete(inode)
        taken.set(file, { file, offset: found.offset, path: found.name })
      }
      return taken.get(file)
    },
    forget(file) {
      taken.delete(file)
      positions.forget(file)
    },
  }
}

/** By inode. */
function readDatabase(path: string): Map<number, { readonly offset: number; readonly name: string }> {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const rows = database.prepare('SELECT name, inode, offset FROM in_tail_files ORDER BY id').all()
    return new Map(
      rows.map(({ name, inode, offset }) => [Number(inode), { name: String(name), offset: Number(offset) }]),
    )
  } finally {
    database.close()
  }
}
