import { lstat, readlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** More links than this lead in a circle. */
const MAX_LINKS = 40

/**
 * Where a path leads to, with every symlink on the way followed, the last part too. Rejects at a link that belongs to
 * neither this process's user nor root: whoever made it chooses where the secret goes.
 */
export async function safePath(path: string): Promise<string> {
  let links = 0
  let done = '/'
  let rest = resolve(path).split('/').filter(Boolean)
  while (rest.length > 0) {
    const next = join(done, rest[0]!)
    rest = rest.slice(1)
    const found = await lstat(next).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found?.isSymbolicLink() !== true) {
      done = next
      continue
    }
    if (found.uid !== 0 && found.uid !== process.geteuid?.())
      throw new Error(
        `${next} is a symbolic link of another user (${found.uid}), who could lead the secret anywhere; remove it, or give it to this user`,
      )
    if (++links > MAX_LINKS) throw new Error(`${path}: its symbolic links lead in a circle`)
    rest = [
      ...resolve(dirname(next), await readlink(next))
        .split('/')
        .filter(Boolean),
      ...rest,
    ]
    done = '/'
  }
  return done
}
