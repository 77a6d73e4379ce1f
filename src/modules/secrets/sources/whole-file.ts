import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { type FailureReason, SourceFailure } from './source.ts'

/** A file's content, and what the file system said of it then. */
export interface WholeFile {
  readonly bytes: Buffer
  readonly stats: Stats
}

/** Why a file has no content for us, in words that go behind its name. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem'
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

/** Reads a regular file that is no longer than `maxBytes`. Rejects with a FileProblem, or with the signal's reason. */
export async function readWholeFile(
  path: string,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<WholeFile> {
  signal?.throwIfAborted()
  try {
    // A pipe would otherwise be waited for until somebody writes into it.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (!stats.isFile())
      throw new FileProblem(
        'invalid',
        `it is ${stats.isDirectory() ? 'a folder; the source kubernetes reads one with a file for each entry' : 'no regular file'}`,
      )
    // One byte more than it has: it may grow while it is read.
    const buffer = Buffer.alloc(Math.min(stats.size, maxBytes) + 1)
    let length = 0
    while (length < buffer.length) {
      signal?.throwIfAborted()
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    if (length > maxBytes || stats.size > maxBytes)
      throw new FileProblem(
        'invalid',
        `it has ${Math.max(length, stats.size)} bytes, and at most ${maxBytes} are read`,
      )
    if (length > stats.size) throw new FileProblem('unavailable', 'it is being written')
    return { bytes: buffer.subarray(0, length), stats }
  } catch (error) {
    signal?.throwIfAborted()
    throw fileProblem(error)
  }
}

/** What went wrong with a file as a source says it; what is no matter of files is given back as it is. */
export function fileFailure(error: unknown, path: string): unknown {
  const problem = fileProblem(error)
  if (!(problem instanceof FileProblem)) return error
  return new SourceFailure(problem.reason, `${path} cannot be read: ${problem.message}`, { cause: error })
}

function fileProblem(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof FileProblem || typeof code !== 'string') return error
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new FileProblem('missing', 'there is no such file', error)
    case 'EACCES':
    case 'EPERM':
      return new FileProblem(
        'forbidden',
        'we may not; check its owner and mode, and those of its folders',
        error,
      )
    case 'ELOOP':
      return new FileProblem('invalid', 'its symbolic links go round', error)
    case 'ENAMETOOLONG':
      return new FileProblem('invalid', 'its name is too long', error)
    default:
      return new FileProblem('unavailable', code, error)
  }
}

/** Text where it is text, the bytes where it is not. */
export function textOrBytes(bytes: Buffer): string | Uint8Array {
  const { isUtf8 } = process.getBuiltinModule('node:buffer')
  return isUtf8(bytes) ? bytes.toString() : new Uint8Array(bytes)
}
