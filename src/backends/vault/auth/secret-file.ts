import { readFile, realpath, rm } from 'node:fs/promises'
import { VaultError } from '../error.ts'

/** What a file holds, without spaces around it. Rejects with a VaultError that names the option. */
export async function readSecretFile(path: string, option: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === 'ENOENT'
        ? 'there is no such file'
        : error.code === 'EACCES'
          ? 'this user may not read it'
          : error.code
    throw new VaultError('invalid', `${option} ${path}: ${why}`)
  })
  const value = text.trim()
  if (value === '') throw new VaultError('invalid', `${option} ${path} is empty`)
  // It goes into a header or a field; what has more lines is another file.
  if (/[\r\n]/.test(value)) throw new VaultError('invalid', `${option} ${path} does not hold one line`)
  return value
}

/** For what may be read once only. A file on a read-only volume stays. */
export async function removeSecretFile(path: string, followLinks: boolean): Promise<void> {
  await rm(followLinks ? await realpath(path).catch(() => path) : path, { force: true }).catch(() => {})
}
