import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Parcel, StoreSettings } from './messages.ts'
import { MAX_SOURCE, recordId, sourceKey } from './record-id.ts'
import { searchableText } from './searchable.ts'

/** A record's id is taken by another record: a power cut took the end of the spool, and its sequences are given out again. */
export class SpoolRestarted extends Error {
  override readonly name = 'SpoolRestarted'
}

/** Writes records within the caller's transaction; one that the store already has is passed over. */
export class RecordWriter {
  readonly #database: DatabaseSync
  readonly #settings: StoreSettings
  readonly #insert: StatementSync
  readonly #index: StatementSync
  readonly #same: StatementSync
  #generation: number
  /** Rows that exist, by what they stand for. Emptied with the transaction that made them, and when it grows. */
  readonly #sources = new Map<string, number>()
  readonly #origins = new Map<string, number>()

  constructor(database: DatabaseSync, settings: StoreSettings) {
    this.#database = database
    this.#settings = settings
    this.#insert = this.#prepare('INSERT OR IGNORE INTO records VALUES (?, ?, ?, CAST(? AS TEXT))')
    this.#index = this.#prepare('INSERT INTO words (rowid, text) VALUES (CAST(? AS INTEGER), ?)')
    this.#same = this.#prepare(
      'SELECT time = ? AND record = CAST(? AS TEXT) AS same FROM records WHERE id = ?',
    )
    this.#generation = Number(
      this.#prepare('SELECT coalesce(max(generation), 0) AS it FROM sources WHERE spool = ?').get(
        settings.spool,
      )?.['it'],
    )
  }

  /** From now on this spool's records are other records than those before. */
  beginGeneration(): void {
    this.#generation++
  }

  /** Returns how many were new. Throws SpoolRestarted. */
  write(parcels: readonly Parcel[]): number {
    // A transaction that was rolled back took its rows with it.
    this.#sources.clear()
    this.#origins.clear()
    let added = 0
    for (const parcel of parcels) added += this.#writeParcel(parcel)
    return added
  }

  #writeParcel(parcel: Parcel): number {
    const { sequence, from, bytes, starts, ends, timesMs } = parcel
    const { fullText } = this.#settings
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const origin = this.#origin(parcel)
    let added = 0
    for (let i = 0; i < starts.length; i++) {
      const record = buffer.subarray(starts[i], ends[i])
      const time = Math.round(timesMs[i]!)
      const id = recordId(this.#source(sequence, from + i), sequence, from + i)
      if (this.#insert.run(id, time, origin, record).changes === 0n) {
        if (this.#same.get(time, record, id)?.['same'] !== 1n) throw new SpoolRestarted()
        continue
      }
      added++
      const text = fullText === 'none' ? '' : searchableText(record.toString('utf8'), fullText)
      if (text !== '') this.#index.run(id, text)
    }
    return added
  }

  #source(sequence: number, index: number): number {
    const { era, part } = sourceKey(sequence, index)
    const key = `${era}/${part}`
    let id = this.#sources.get(key)
    if (id === undefined) {
      id = this.#knownSource(era, part) ?? this.#newSource(era, part)
      this.#sources.set(key, id)
    }
    return id
  }

  #knownSource(era: number, part: number): number | undefined {
    const row = this.#prepare(
      'SELECT id FROM sources WHERE (spool, generation, era, part) = (?, ?, ?, ?)',
    ).get(this.#settings.spool, this.#generation, era, part)
    return row === undefined ? undefined : Number(row['id'])
  }

  #newSource(era: number, part: number): number {
    let id = Number(this.#prepare('SELECT coalesce(max(id), 0) + 1 AS id FROM sources').get()?.['id'])
    if (id > MAX_SOURCE) id = this.#recycledSource()
    this.#prepare('INSERT INTO sources VALUES (?, ?, ?, ?, ?)').run(
      id,
      this.#settings.spool,
      this.#generation,
      era,
      part,
    )
    return id
  }

  /** The oldest source of which retention has left nothing. */
  #recycledSource(): number {
    const row = this.#prepare(
      `DELETE FROM sources WHERE id = (SELECT id FROM sources AS s WHERE NOT EXISTS (
         SELECT 1 FROM records WHERE id >= s.id << 43 AND id < (s.id + 1) << 43) ORDER BY id LIMIT 1) RETURNING id`,
    ).get()
    if (row === undefined)
      throw new Error(`records of ${MAX_SOURCE} spools are in this store, and it takes no more`)
    return Number(row['id'])
  }

  #origin(parcel: Parcel): number {
    const key = JSON.stringify([parcel.input, parcel.path])
    let id = this.#origins.get(key)
    if (id === undefined) {
      this.#prepare('INSERT OR IGNORE INTO origins (input, path) VALUES (?, ?)').run(
        parcel.input,
        parcel.path,
      )
      const row = this.#prepare('SELECT id FROM origins WHERE (input, path) = (?, ?)').get(
        parcel.input,
        parcel.path,
      )
      id = Number(row?.['id'])
      this.#origins.set(key, id)
    }
    return id
  }

  /** The index answers with row ids of its own that a JavaScript number does not hold. */
  #prepare(sql: string): StatementSync {
    const statement = this.#database.prepare(sql)
    statement.setReadBigInts(true)
    return statement
  }
}
