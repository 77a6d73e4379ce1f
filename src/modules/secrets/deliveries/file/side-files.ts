import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { SideFile } from '../../templates/content.ts'
import { writeFileAtomically } from './atomic-file.ts'
import { resolveOwnership } from './ownership.ts'

/** Writes the files that a template makes beside its text. */
export class SideFiles {
  /** What was put behind files last: the same is not put there again. */
  readonly #appended = new Map<string, Buffer>()

  /** Whether one has changed. Files of one path make one, in their order. */
  async write(files: readonly SideFile[]): Promise<boolean> {
    let changed = false
    for (const [path, parts] of Map.groupBy(files, each => resolve(each.path)))
      if (await this.#writeOne(path, parts)) changed = true
    return changed
  }

  async #writeOne(path: string, parts: readonly SideFile[]): Promise<boolean> {
    const begin = parts.findLastIndex(({ append }) => !append)
    const text = Buffer.concat(parts.slice(Math.max(0, begin)).map(({ bytes }) => bytes))
    const { mode, owner, group } = parts.at(-1)!
    const ownership = await resolveOwnership({
      mode,
      ...(owner !== '' && { owner }),
      ...(group !== '' && { group }),
    })
    const write = (bytes: Buffer) =>
      writeFileAtomically({ path, ...ownership, bytes, makeFolders: true, backup: false })
    if (begin >= 0) return await write(text).finally(() => text.fill(0))
    const last = this.#appended.get(path)
    if (last?.equals(text)) return false
    const present = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    const whole = Buffer.concat([present, text])
    await write(whole).finally(() => whole.fill(0))
    last?.fill(0)
    this.#appended.set(path, text)
    return true
  }
}
