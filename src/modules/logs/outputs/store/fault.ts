import type { Outcome } from '../output.ts'
import { ForeignStore } from './database.ts'

export type Failure = Extract<Outcome, { kind: 'failed' }>

/** The primary result codes of https://www.sqlite.org/rescode.html that a store meets. */
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

/** SQLite found the file's content to be damaged: waiting does not mend it. */
export function isDamage(error: unknown): boolean {
  return [CORRUPT, NOTADB].includes(resultCode(error))
}

/** What an error of the database or of the file system means for a send. */
export function failureOf(error: unknown, path: string): Failure {
  const text = error instanceof Error ? error.message : String(error)
  const failed = (reason: string, rest: Partial<Failure> = {}): Failure => ({
    kind: 'failed',
    reason,
    ...rest,
  })
  if (error instanceof ForeignStore) return failed(text, { refused: true })
  switch (resultCode(error)) {
    case BUSY:
    case LOCKED:
      return failed(`another process is writing to ${path}`)
    case READONLY:
      return failed(`${path} cannot be written: ${text}`, { refused: true })
    case CANTOPEN:
      return failed(`${path} cannot be opened: is its folder there, and writable?`, { refused: true })
    case FULL:
      return failed(`no space left for ${path}`, { afterMs: 5000 })
    case IOERR:
      return failed(`reading or writing ${path} failed: ${text}`)
    default:
      return failed(`${path}: ${text}`, {
        refused: ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(systemCode(error)),
      })
  }
}

function resultCode(error: unknown): number {
  return ((error as { errcode?: number } | null)?.errcode ?? 0) & 0xff
}

function systemCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? ''
}
