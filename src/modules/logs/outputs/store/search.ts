import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import type { Condition } from '../../condition/ast.ts'
import { compileCondition, type Predicate } from '../../condition/compile.ts'
import { ForeignStore, openForReading } from './database.ts'
import { IDS_PER_SOURCE } from './record-id.ts'
import { textQuery } from './text-query.ts'

/** What to look for; every part narrows. Times are milliseconds since the epoch, `until` not included. */
export interface Search {
  readonly condition?: Condition
  /** Words and "phrases" (text-query.ts). */
  readonly text?: string
  readonly sinceMs?: number
  readonly untilMs?: number
}

export interface Found {
  readonly id: number
  readonly timeMs: number
  /** The file or stream that the record came from. */
  readonly path: string
  /** The record's bytes as the application wrote them: one JSON object. */
  readonly record: Buffer
}

/** The search cannot be done; the message is for people. */
export class SearchError extends Error {
  override readonly name = 'SearchError'
}

const POLL_MS = 250
const COLUMNS = 'r.id, r.time, o.path, CAST(r.record AS BLOB) AS record'
const TABLES = 'records AS r JOIN origins AS o ON o.id = r.origin'

/** Reads a store, also while a sidecar writes to it. One search at a time. */
export class StoreReader {
  readonly #database: DatabaseSync
  /** What the SQL function `meets` asks: the pipeline's own predicate, so that a condition means the same here and there. */
  #predicate: Predicate = () => true

  /** `path` is the file, or the folder that holds `store.db`. Throws SearchError. */
  constructor(path: string) {
    const file = storeFile(path)
    try {
      this.#database = openForReading(file)
    } catch (error) {
      if (error instanceof ForeignStore) throw new SearchError(error.message)
      throw new SearchError(`${file} cannot be read as a store: ${(error as Error).message}`)
    }
    const record = new JsonRecord()
    this.#database.function('meets', bytes => {
      const buffer = bufferOf(bytes as Uint8Array)
      return record.open(buffer, 0, buffer.length) && this.#predicate(record) ? 1 : 0
    })
  }

  /** The newest `limit` records, oldest first. */
  find(search: Search, limit: number): Found[] {
    return this.#rows(search, [], 'ORDER BY r.time DESC, r.id DESC LIMIT ?', [limit]).reverse()
  }

  count(search: Search): number {
    const { text, values } = this.#where(search, [])
    const [row] = this.#ask(`SELECT count(*) AS count FROM records AS r WHERE ${text}`, values)
    return row?.['count'] as number
  }

  /** The newest `limit` records, and then those that are added, each sidecar's in their order, until the signal aborts. */
  async *follow(search: Search, limit: number, clock: Clock, signal: AbortSignal): AsyncGenerator<Found[]> {
    this.#database.exec('BEGIN')
    const seen = this.#newest()
    const first = this.find(search, limit)
    this.#database.exec('COMMIT')
    if (first.length > 0) yield first
    while (!signal.aborted) {
      const added = this.#addedSince(seen, search)
      if (added.length > 0) yield added
      await clock.sleep(POLL_MS, signal).catch(() => {})
    }
  }

  close(): void {
    this.#database.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Moves `seen` on to the newest record of each source. */
  #addedSince(seen: Map<number, number>, search: Search): Found[] {
    return [...this.#newest()].flatMap(([source, last]) => {
      const after = seen.get(source) ?? source * IDS_PER_SOURCE - 1
      if (last <= after) return []
      seen.set(source, last)
      return this.#rows(
        search,
        [{ text: 'r.id > ? AND r.id <= ?', values: [after, last] }],
        'ORDER BY r.id',
        [],
      )
    })
  }

  #rows(search: Search, more: readonly Sql[], order: string, orderValues: readonly number[]): Found[] {
    const { text, values } = this.#where(search, more)
    const sql = `SELECT ${COLUMNS} FROM ${TABLES} WHERE ${text} ${order}`
    return this.#ask(sql, [...values, ...orderValues]).map(row => ({
      id: row['id'] as number,
      timeMs: row['time'] as number,
      path: row['path'] as string,
      record: bufferOf(row['record'] as Uint8Array),
    }))
  }

  #where(search: Search, more: readonly Sql[]): Sql {
    const parts: Sql[] = [...more]
    if (search.sinceMs !== undefined) parts.push({ text: 'r.time >= ?', values: [search.sinceMs] })
    if (search.untilMs !== undefined) parts.push({ text: 'r.time < ?', values: [search.untilMs] })
    if (search.text !== undefined) parts.push(...wordsSql(search.text))
    if (search.condition !== undefined) {
      this.#predicate = compileCondition(search.condition)
      parts.push({ text: 'meets(CAST(record AS BLOB))', values: [] })
    }
    if (parts.length === 0) return { text: '1', values: [] }
    return { text: parts.map(part => part.text).join(' AND '), values: parts.flatMap(part => part.values) }
  }

  #ask(sql: string, values: readonly (string | number)[]): Record<string, unknown>[] {
    try {
      return this.#database.prepare(sql).all(...values)
    } catch (error) {
      throw new SearchError(`the store could not be read: ${(error as Error).message}`)
    }
  }

  /** The newest record's id of each source that has records. */
  #newest(): Map<number, number> {
    const newest = this.#database.prepare('SELECT max(id) AS id FROM records WHERE id >= ? AND id < ?')
    const found = new Map<number, number>()
    for (const row of this.#database.prepare('SELECT id FROM sources ORDER BY id').all()) {
      const source = row['id'] as number
      const last = newest.get(source * IDS_PER_SOURCE, (source + 1) * IDS_PER_SOURCE)?.['id'] as number | null
      if (last !== null) found.set(source, last)
    }
    return found
  }
}

interface Sql {
  readonly text: string
  readonly values: readonly (string | number)[]
}

function wordsSql(text: string): Sql[] {
  const query = textQuery(text)
  if (query === undefined) throw new SearchError(`"${text}" has no word to search for`)
  return [
    // The plus keeps SQLite from sorting all that match: it walks by time, asks for each, and stops at the limit.
    { text: '+r.id IN (SELECT rowid FROM words WHERE words MATCH ?)', values: [query.match] },
    ...query.pieces.map(piece => ({ text: 'instr(lower(record), lower(?)) > 0', values: [piece] })),
  ]
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function storeFile(path: string): string {
  const isFolder = existsSync(path) && statSync(path).isDirectory()
  const file = isFolder ? join(path, 'store.db') : path
  if (existsSync(file)) return file
  throw new SearchError(
    `there is no store at ${file}; logs.outputs[].store.path in the configuration names it`,
  )
}
