import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { ConfigurationFile } from '../../../personalities/vault-agent/load.ts'

const MAX_FILE_BYTES = 4 * 1024 * 1024

/** The files of `-config`: a file as it is, of a folder all that end in .hcl or .json, by name. */
export function readConfigurationFiles(paths: readonly string[], cwd: string): ConfigurationFile[] {
  return paths.flatMap(path => {
    const whole = resolve(cwd, path)
    try {
      if (!statSync(whole).isDirectory()) return [readOne(path, whole)]
      return readdirSync(whole)
        .filter(name => /\.(hcl|json)$/.test(name) && !/^[.#]|~$/.test(name))
        .sort()
        .filter(name => !statSync(join(whole, name)).isDirectory())
        .map(name => readOne(join(path, name), join(whole, name)))
    } catch (error) {
      return [{ path, problem: problemOf(error) }]
    }
  })
}

function readOne(path: string, whole: string): ConfigurationFile {
  try {
    if (statSync(whole).size > MAX_FILE_BYTES)
      return { path, problem: `is larger than ${MAX_FILE_BYTES} bytes` }
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(whole)) }
  } catch (error) {
    return { path, problem: problemOf(error) }
  }
}

function problemOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'no such file or directory'
  if (code === 'EACCES') return 'this user may not read it'
  if (code === 'EROFS') return 'the file system is read-only'
  return code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is no text in UTF-8' : message
}

/** Why nobody of this process could write a file there; undefined when that is possible, as far as one can see. */
export function whyNotWritable(path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      if (!statSync(folder).isDirectory()) return `${folder} is no folder`
      accessSync(folder, constants.W_OK | constants.X_OK)
      return undefined
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' && folder !== dirname(folder)) continue
      if (code === 'EACCES') return `this user may not write to ${folder}`
      return `${folder}: ${code === 'ENOTDIR' ? 'a part of the path is no folder' : problemOf(error)}`
    }
  }
}

/** The mode of a file that is there already. */
export function existingMode(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() ? `0${(found.mode & 0o777).toString(8).padStart(3, '0')}` : undefined
}

/** The text of a file, where there is one that we may read. */
export function templateText(path: string): string | undefined {
  const read = readOne(path, path)
  return 'text' in read ? read.text : undefined
}

/** The folder, and the key in it, which the first agent makes. */
export async function preparePersistence(folder: string, keyFile: string): Promise<void> {
  const { generateKey } = await import('../../../modules/secrets/store/key-sources.ts')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(keyFile, generateKey(), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** A folder of the process's own for what must be a file for a while; removed at the end. */
export class ScratchFolder implements Disposable {
  readonly path: string

  /** In the first place where this user may write. Throws an Error for people. */
  constructor(home: string | undefined) {
    const places = [tmpdir(), ...(home === undefined || home === '' ? [] : [home]), '/dev/shm']
    for (const place of places) {
      try {
        this.path = mkdtempSync(join(place, '.outrigger-vault-'))
        return
      } catch {
        // The next place may do.
      }
    }
    throw new Error(`none of ${places.join(', ')} can be written; mount an emptyDir at one of them`)
  }

  /** Certificates of a folder or of a variable as one file. */
  bundle(given: { readonly folder: string } | { readonly pem: string }, cwd: string): string {
    const path = join(this.path, 'ca.pem')
    writeFileSync(path, 'pem' in given ? given.pem : folderBundle(resolve(cwd, given.folder)), {
      mode: 0o600,
    })
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

function folderBundle(folder: string): string {
  return readdirSync(folder)
    .sort()
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())
    .map(path => readFileSync(path, 'utf8'))
    .filter(text => text.includes('-----BEGIN CERTIFICATE-----'))
    .join('\n')
}
