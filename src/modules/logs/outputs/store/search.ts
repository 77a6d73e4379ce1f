import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../../../kernel/clock.ts'
import type { Condition } from '../../condition/ast.ts'
import { compilePattern } from '../../pattern.ts'
import { conditionSql, MATCHES, type Sql } from './condition-sql.ts'
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

/** Reads a store, also while a sidecar writes to it. */
export class StoreReader {
  readonly #database: DatabaseSync

  /** `path` is the file, or the folder that holds `store.db`. Throws SearchError. */
  constructor(path: string) {
    const file = storeFile(path)
    try {
      this.#database = openForReading(file)
    } catch (error) {
      if (error instanceof ForeignStore) throw new SearchError(error.message)
      throw new SearchError(`${file} cannot be read as a store: ${(error as Error).message}`)
    }
    this.#database.function(MATCHES, { deterministic: true }, matcher())
  }

  /** The newest `limit` records, oldest first. */
  find(search: Search, limit: number): Found[] {
    return this.#rows(where(search), 'ORDER BY r.time DESC, r.id DESC LIMIT ?', [limit]).reverse()
  }

  count(search: Search): number {
    const row = this.#guarded(where(search), ({ text, values }) =>
      this.#database.prepare(`SELECT count(*) AS count FROM records AS r WHERE ${text}`).get(...values),
    )
    return Number(row?.['count'])
  }

  /** Records that are added from now on, in the order of each sidecar's spool, until the signal aborts. */
  async *follow(search: Search, clock: Clock, signal: AbortSignal): AsyncGenerator<Found[]> {
    const seen = this.#newest()
    for (;;) {
      for (const source of this.#sources()) {
        const after = seen.get(source) ?? source * IDS_PER_SOURCE - 1
        const last = this.#newestOf(source)
        if (last === undefined || last <= after) continue
        seen.set(source, last)
        const { text, values } = where(search)
        const added: Sql = { text: `${text} AND r.id > ? AND r.id <= ?`, values: [...values, after, last] }
        const rows = this.#rows(added, 'ORDER BY r.id', [])
        if (rows.length > 0) yield rows
      }
      if (signal.aborted) return
      await clock.sleep(POLL_MS, signal).catch(() => {})
      if (signal.aborted) return
    }
  }

  close(): void {
    this.#database.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #rows(condition: Sql, order: string, more: readonly number[]): Found[] {
    return this.#guarded(condition, ({ text, values }) =>
      this.#database
        .prepare(`SELECT ${COLUMNS} FROM ${TABLES} WHERE ${text} ${order}`)
        .all(...values, ...more)
        .map(row => ({
          id: row['id'] as number,
          timeMs: row['time'] as number,
          path: row['path'] as string,
          record: Buffer.from(row['record'] as Uint8Array),
        })),
    )
  }

  /** SQLite does not read JSON that is nested very deeply; one such record must not spoil the search. */
  #guarded<T>(condition: Sql, query: (condition: Sql) => T): T {
    try {
      return query(condition)
    } catch (error) {
      const { message } = error as Error
      if (!message.includes('malformed JSON'))
        throw new SearchError(`the store could not be read: ${message}`)
      return query({ ...condition, text: `CASE WHEN json_valid(record) THEN ${condition.text} ELSE 0 END` })
    }
  }

  #sources(): number[] {
    return this.#database
      .prepare('SELECT id FROM sources ORDER BY id')
      .all()
      .map(row => row['id'] as number)
  }

  #newest(): Map<number, number> {
    return new Map(
      this.#sources().flatMap(source => {
        const last = this.#newestOf(source)
        return last === undefined ? [] : [[source, last] as const]
      }),
    )
  }

  #newestOf(source: number): number | undefined {
    const row = this.#database
      .prepare('SELECT max(id) AS id FROM records WHERE id >= ? AND id < ?')
      .get(source * IDS_PER_SOURCE, (source + 1) * IDS_PER_SOURCE)
    return (row?.['id'] as number | null) ?? undefined
  }
}

/** Compiles each pattern once. A pattern that does not compile finds nothing; the parser has refused it before. */
function matcher(): (text: unknown, pattern: unknown) => number {
  const compiled = new Map<unknown, RegExp | undefined>()
  return (text, pattern) => {
    if (!compiled.has(pattern)) {
      const made = compilePattern(String(pattern))
      compiled.set(pattern, 'regex' in made ? made.regex : undefined)
    }
    return text !== null && compiled.get(pattern)?.test(String(text)) ? 1 : 0
  }
}

function where(search: Search): Sql {
  const parts: Sql[] = []
  if (search.sinceMs !== undefined) parts.push({ text: 'r.time >= ?', values: [search.sinceMs] })
  if (search.untilMs !== undefined) parts.push({ text: 'r.time < ?', values: [search.untilMs] })
  if (search.text !== undefined) parts.push(...textSql(search.text))
  if (search.condition !== undefined) parts.push(conditionSql(search.condition))
  if (parts.length === 0) return { text: '1', values: [] }
  return { text: parts.map(part => part.text).join(' AND '), values: parts.flatMap(part => part.values) }
}

function textSql(text: string): Sql[] {
  const query = textQuery(text)
  if (query === undefined) throw new SearchError(`"${text}" has no word to search for`)
  return [
    { text: 'r.id IN (SELECT rowid FROM words WHERE words MATCH ?)', values: [query.match] },
    ...query.pieces.map(piece => ({ text: 'instr(lower(record), lower(?)) > 0', values: [piece] })),
  ]
}

function storeFile(path: string): string {
  const isFolder = existsSync(path) && statSync(path).isDirectory()
  const file = isFolder ? join(path, 'store.db') : path
  if (existsSync(file)) return file
  throw new SearchError(
    `there is no store at ${file}; logs.outputs[].store.path in the configuration names it`,
  )
}
