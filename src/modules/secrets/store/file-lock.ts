import type { Clock } from '../../../kernel/clock/clock.ts'

/** Somebody else holds the lock for too long. */
export class LockTimeout extends Error {
  override readonly name = 'LockTimeout'
}

const PAUSE_MS = 20

/**
 * Locks a file against other processes and other callers of this one, until it is disposed of. The lock is the
 * kernel's own and ends with its process, however that ends; Node has no call for it, but its SQLite takes such locks
 * (fcntl) on the files of its databases, and the file is an empty one.
 */
export async function lockFile(path: string, clock: Clock, waitMs: number): Promise<Disposable> {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path, { timeout: 0 })
  const giveUpMs = clock.monotonic() + waitMs
  try {
    for (;;) {
      try {
        database.exec('BEGIN EXCLUSIVE')
        return { [Symbol.dispose]: () => database.close() }
      } catch (error) {
        if (!isBusy(error)) throw error
        if (clock.monotonic() >= giveUpMs)
          throw new LockTimeout(`another process has held ${path} for ${waitMs / 1000} s`)
        await clock.sleep(PAUSE_MS)
      }
    }
  } catch (error) {
    database.close()
    throw error
  }
}

function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number }
  // SQLITE_BUSY, also in its extended forms.
  return errcode !== undefined && (errcode & 0xff) === 5
}
