import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { SourceFailure } from '../source.ts'
import { fileFailure } from '../whole-file.ts'

/** Where something of a mount is now, behind all links. */
export interface Place {
  readonly path: string
  readonly isFolder: boolean
  /** The folder that `..data` leads to, of which what is read is a part. */
  readonly generation: string | undefined
}

/**
 * Finds a path in a mount. The kubelet writes each state of a volume into a folder of its own and then turns the link
 * `..data` to it: who goes through the link once has all files of one state (Kubernetes, "Atomic writer"). Other links
 * are followed within the mount only. Rejects with a SourceFailure.
 */
export async function findInMount(mount: string, path: string): Promise<Place> {
  const names = path.split('/').filter(name => name !== '')
  if (names.some(name => name === '.' || name.startsWith('..') || name.includes('\0')))
    throw new SourceFailure('invalid', `${path}: expected names of folders and files in ${mount}`)
  try {
    const root = await realpath(mount)
    let place = await enter(root, root)
    for (const name of names) {
      if (!place.isFolder) throw new SourceFailure('missing', `there is no ${path} in ${mount}`)
      const at = await enter(join(place.path, name), root)
      place = { ...at, generation: at.generation ?? place.generation }
    }
    return place
  } catch (error) {
    throw fileFailure(error, join(mount, path))
  }
}

async function enter(path: string, root: string): Promise<Place> {
  const real = await within(path, root)
  if (!(await lstat(real)).isDirectory()) return { path: real, isFolder: false, generation: undefined }
  const link = join(real, '..data')
  const isAtomic = await lstat(link).then(
    found => found.isSymbolicLink(),
    () => false,
  )
  if (!isAtomic) return { path: real, isFolder: true, generation: undefined }
  const generation = await within(link, root)
  return { path: generation, isFolder: true, generation }
}

async function within(path: string, root: string): Promise<string> {
  const real = await realpath(path)
  if (real === root || real.startsWith(root === sep ? sep : `${root}${sep}`)) return real
  throw new SourceFailure(
    'invalid',
    `${path} is a link that leads out of the mount ${root}; it is not followed`,
  )
}

/** The names in a folder that are of its owner, not of the kubelet. */
export async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter(({ name }) => !name.startsWith('..')).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Differs when the content of a file or a folder of the mount may. */
export async function mountSignature(mount: string, path: string): Promise<string> {
  try {
    const place = await findInMount(mount, path)
    if (!place.isFolder) return `${place.path} ${await fileSignature(place.path)}`
    const names = (await entriesOf(place.path)).map(({ name }) => name)
    const parts = await Promise.all(
      names.map(async name => `${name} ${await fileSignature(join(place.path, name))}`),
    )
    return [place.path, ...parts].join('\n')
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code ?? (error as SourceFailure).reason)
  }
}

async function fileSignature(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? '-' : `${found.ino} ${found.size} ${found.mtimeMs}`
}
