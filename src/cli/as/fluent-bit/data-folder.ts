import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { sha256 } from '../../../wire/sha256/sha256.ts'

export interface DataFolder extends Disposable {
  readonly path: string
  /** Whether a later start finds it again. */
  readonly isKept: boolean
}

export interface DataFolderOptions {
  /** `storage.path` of the service. */
  readonly storagePath?: string | undefined
  /** The configuration file; without one nobody could start the same again. */
  readonly config?: string | undefined
  /** What must be the same for the state to mean the same: the inputs. */
  readonly inputs: unknown
  /** Nothing outlives the process, as in memory. */
  readonly strict: boolean
  readonly cwd: string
  readonly usual?: string
}

/**
 * Where spool and positions live: below `storage.path`, else in a folder of its own for each configuration with its
 * inputs, below /var/lib or, where that cannot be written, below the folder for temporary files. Without a
 * configuration file, or as strictly as the original, it lasts as long as the process.
 */
export function openDataFolder(options: DataFolderOptions): DataFolder {
  const { storagePath, config, inputs, strict, cwd, usual = '/var/lib/outrigger' } = options
  if (storagePath !== undefined) return kept(join(resolve(cwd, storagePath), 'outrigger'))
  if (strict || config === undefined) {
    const path = mkdtempSync(join(tmpdir(), 'outrigger-fluent-bit-'))
    return { path, isKept: false, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
  }
  const name = sha256(JSON.stringify([resolve(cwd, config), inputs])).slice(0, 16)
  const user = process.getuid?.() ?? 0
  const candidates = [join(usual, 'fluent-bit', name), join(tmpdir(), `outrigger-fluent-bit-${user}`, name)]
  return kept(candidates.find(isWritable) ?? candidates[1])
}

function kept(path: string): DataFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return { path, isKept: true, [Symbol.dispose]: () => {} }
}

function isWritable(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
