import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { pragma, transaction } from './database.ts'
import type { StoreSettings } from './messages.ts'

/** Records that are removed in one transaction. */
const STEP = 500
/** Free pages are used again first; only a larger share of the file is given back to the disk. */
const FREE_SHARE = 0.1
const VACUUM_PAGES = 1000

/** Keeps a store within its size and age: the oldest records go first. */
export class Retention {
  readonly #database: DatabaseSync
  readonly #settings: Pick<StoreSettings, 'maxSizeBytes' | 'maxAgeMs'>
  readonly #pageBytes: number
  readonly #oldest: StatementSync
  readonly #removeWords: StatementSync
  readonly #removeRecord: StatementSync

  constructor(database: DatabaseSync, settings: Pick<StoreSettings, 'maxSizeBytes' | 'maxAgeMs'>) {
    this.#database = database
    this.#settings = settings
    this.#pageBytes = pragma(database, 'page_size')
    this.#oldest = database.prepare('SELECT id FROM records WHERE time < ? ORDER BY time LIMIT ?')
    this.#removeWords = database.prepare('DELETE FROM words WHERE rowid = CAST(? AS INTEGER)')
    this.#removeRecord = database.prepare('DELETE FROM records WHERE id = ?')
    for (const statement of [this.#removeWords, this.#removeRecord]) statement.setReadBigInts(true)
  }

  /** Removes at most `limit` records; returns how many. */
  run(nowMs: number, limit: number): number {
    const oldestMs = nowMs - this.#settings.maxAgeMs
    let removed = 0
    while (removed < limit) {
      const before = this.#usedBytes() > this.#settings.maxSizeBytes ? Number.MAX_SAFE_INTEGER : oldestMs
      const step = this.#remove(before, Math.min(STEP, limit - removed))
      if (step === 0) break
      removed += step
    }
    this.#giveBack()
    return removed
  }

  #remove(beforeMs: number, count: number): number {
    const ids = this.#oldest.all(beforeMs, count).map(row => row['id'] as number)
    if (ids.length === 0) return 0
    transaction(this.#database, () => {
      for (const id of ids) {
        this.#removeWords.run(id)
        this.#removeRecord.run(id)
      }
    })
    return ids.length
  }

  #usedBytes(): number {
    return (pragma(this.#database, 'page_count') - pragma(this.#database, 'freelist_count')) * this.#pageBytes
  }

  #giveBack(): void {
    const free = pragma(this.#database, 'freelist_count')
    if (free > VACUUM_PAGES && free > FREE_SHARE * pragma(this.#database, 'page_count'))
      this.#database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`)
  }
}
