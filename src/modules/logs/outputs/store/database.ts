import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/** "outr" in ASCII: how SQLite files say whose they are. */
const APPLICATION_ID = 0x6f757472
const VERSION = 1

/**
 * records.id is made by record-id.ts. `record` is the record's bytes as they came: the column says TEXT so that
 * SQLite's JSON functions read it, and SQLite does not mind bytes that are not UTF-8.
 * The index keeps neither the text nor positions in it: half the size and time, and a phrase is checked afterwards.
 */
const TABLES = `
  CREATE TABLE sources (id INTEGER PRIMARY KEY, spool TEXT NOT NULL, generation INTEGER NOT NULL, era INTEGER NOT NULL,
    part INTEGER NOT NULL, UNIQUE (spool, generation, era, part));
  CREATE TABLE origins (id INTEGER PRIMARY KEY, input TEXT NOT NULL, path TEXT NOT NULL, UNIQUE (input, path));
  CREATE TABLE records (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, origin INTEGER NOT NULL, record TEXT NOT NULL);
  CREATE INDEX records_time ON records (time);
  CREATE VIRTUAL TABLE words USING fts5 (text, content='', contentless_delete=1, detail='none', tokenize='unicode61');
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`

/** The file is a healthy database that is not for us. */
export class ForeignStore extends Error {
  override readonly name = 'ForeignStore'
}

/** Opens the file for writing and makes the tables when it is new. Throws ForeignStore, and SQLite's errors. */
export function openForWriting(path: string): DatabaseSync {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path, { timeout: 2000 })
  try {
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL')
    // FULL: a commit has reached the disk before it returns, so what is acknowledged outlives a power cut.
    database.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216')
    if (!isOurs(database, path)) makeTables(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Another writer may have made them since we looked: whoever has the write lock looks again. */
function makeTables(database: DatabaseSync, path: string): void {
  database.exec('BEGIN IMMEDIATE')
  if (!isOurs(database, path)) database.exec(TABLES)
  database.exec('COMMIT')
}

/** Opens an existing store beside its writer. Throws ForeignStore, and SQLite's errors. */
export function openForReading(path: string): DatabaseSync {
  const database = openReadOnly(path)
  try {
    if (!isOurs(database, path)) throw new ForeignStore(`${path} is empty: no sidecar has written to it yet`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** A reader needs the write-ahead log's files; where it may not make them, a store that nobody writes to is read without. */
function openReadOnly(path: string): DatabaseSync {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2000 })
  try {
    pragma(database, 'schema_version')
    return database
  } catch (error) {
    database.close()
    if (existsSync(`${path}-wal`)) throw error
    return new DatabaseSync(new URL('?immutable=1', pathToFileURL(path)), { readOnly: true })
  }
}

/** False for an empty database. */
function isOurs(database: DatabaseSync, path: string): boolean {
  const application = pragma(database, 'application_id')
  const version = pragma(database, 'user_version')
  if (application === APPLICATION_ID && version === VERSION) return true
  if (application === APPLICATION_ID)
    throw new ForeignStore(
      `${path} was written by a newer outrigger (layout ${version}, this one knows ${VERSION})`,
    )
  if (application !== 0 || pragma(database, 'schema_version') !== 0)
    throw new ForeignStore(`${path} is a database of another program; give the store a path of its own`)
  return false
}

/** The number that a pragma answers with. */
export function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get() ?? {}
  return Number(Object.values(row)[0])
}

/** Commits what `work` did, or nothing of it when it throws. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
