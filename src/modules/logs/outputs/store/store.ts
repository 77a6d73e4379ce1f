import { mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { openForWriting, transaction } from './database.ts'
import { type Failure, failureOf, isDamage } from './fault.ts'
import type { Note, Parcel, StoreSettings } from './messages.ts'
import { RecordWriter, SpoolRestarted } from './record-writer.ts'
import { Retention } from './retention.ts'

/**
 * The writing side of a store file, all of it synchronous: it lives in the worker. It opens the file when it is
 * needed and again when the file has been replaced, and never throws for what a disk or a user can do.
 */
export class Store {
  readonly #settings: StoreSettings
  readonly #note: (note: Note) => void
  #open: Opened | undefined

  constructor(settings: StoreSettings, note: (note: Note) => void) {
    this.#settings = settings
    this.#note = note
  }

  /** `done` means that every record is on the disk: it outlives a crash and a power cut. */
  write(parcels: readonly Parcel[], nowMs: number): { kind: 'done' } | Failure {
    return this.#guarded(nowMs, opened => {
      const added = this.#commit(opened, parcels)
      opened.retention.run(nowMs, Math.max(500, 2 * added))
    })
  }

  /** Removes what is too old or too much, a bounded number of records; the rest at the next call. */
  retain(nowMs: number): { kind: 'done' } | Failure {
    return this.#guarded(nowMs, opened => opened.retention.run(nowMs, 20_000))
  }

  close(): void {
    const { database } = this.#open ?? {}
    this.#open = undefined
    database?.close()
  }

  #commit(opened: Opened, parcels: readonly Parcel[]): number {
    for (;;) {
      try {
        return transaction(opened.database, () => opened.writer.write(parcels))
      } catch (error) {
        if (!(error instanceof SpoolRestarted)) throw error
        opened.writer.beginGeneration()
        this.#say(
          'info',
          'store_new_generation',
          'the spool has lost frames that were delivered before; its new records get ids of their own',
        )
      }
    }
  }

  #guarded(nowMs: number, work: (opened: Opened) => void): { kind: 'done' } | Failure {
    const { path } = this.#settings
    try {
      work(this.#opened())
      return { kind: 'done' }
    } catch (error) {
      this.#abandon()
      if (!isDamage(error)) return failureOf(error, path)
      return { ...failureOf(error, path), reason: this.#setAside(nowMs), afterMs: 0 }
    }
  }

  #opened(): Opened {
    const { path } = this.#settings
    const inode = statSync(path, { throwIfNoEntry: false })?.ino
    if (this.#open !== undefined && this.#open.inode !== inode) {
      this.#say('warn', 'store_replaced', `${path} was removed or replaced; writing to a new file`)
      this.#abandon()
    }
    if (this.#open === undefined) {
      mkdirSync(dirname(path), { recursive: true })
      const database = openForWriting(path)
      this.#open = {
        database,
        inode: statSync(path).ino,
        writer: new RecordWriter(database, this.#settings),
        retention: new Retention(database, this.#settings),
      }
    }
    return this.#open
  }

  /** Closing a damaged or vanished database may fail too; it has nothing that is not committed. */
  #abandon(): void {
    try {
      this.close()
    } catch (error) {
      this.#say('debug', 'store_close_failed', String(error))
    }
  }

  #setAside(nowMs: number): string {
    const { path } = this.#settings
    const aside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(':', '')}`
    for (const suffix of ['', '-wal', '-shm']) {
      if (statSync(path + suffix, { throwIfNoEntry: false }) !== undefined)
        renameSync(path + suffix, aside + suffix)
    }
    const message = `${path} is damaged; it was kept as ${aside}, and a new store is begun`
    this.#say('error', 'store_damaged', message)
    return message
  }

  #say(level: Note['level'], event: string, message: string): void {
    this.#note({ level, event, message })
  }
}

interface Opened {
  readonly database: DatabaseSync
  readonly inode: number
  readonly writer: RecordWriter
  readonly retention: Retention
}
