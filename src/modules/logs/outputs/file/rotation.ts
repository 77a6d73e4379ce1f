import { rename, rm } from 'node:fs/promises'

/** Puts the file aside as `<path>.1`, what was there as `<path>.2`, and so on; what would be number `keep + 1` is removed. */
export async function rotate(path: string, keep: number): Promise<void> {
  if (keep === 0) return await rm(path, { force: true })
  for (let number = keep - 1; number >= 1; number--)
    await renameIfThere(`${path}.${number}`, `${path}.${number + 1}`)
  await renameIfThere(path, `${path}.1`)
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
