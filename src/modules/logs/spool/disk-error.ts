const MEANING: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the limit on file sizes is reached',
  EIO: 'the disk reports an input/output error',
  EROFS: 'the file system is mounted read-only',
  EACCES: 'permission is denied',
  EPERM: 'the operation is not permitted',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
}

/** An error of the file system in words: `no space is left on the disk (ENOSPC)`. */
export function diskProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code && MEANING[code] ? `${MEANING[code]} (${code})` : message
}

export function diskErrorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}
