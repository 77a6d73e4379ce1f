import type { Disk } from './disk.ts'
import type { Segment } from './segment.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'

const COPY_BYTES = 1024 * 1024

/**
 * Puts a sealed segment's bytes from `at` on aside as `<name>.bad`, for people, and cuts the segment there.
 * Returns the path of the copy. Rejects, with the segment as it was, when the disk refuses.
 */
export async function quarantine(disk: Disk, segment: Segment, at: number): Promise<string> {
  const bad = await freeName(disk, segment.path)
  if (at <= SEGMENT_HEADER_BYTES) {
    await disk.rename(segment.path, bad)
    return bad
  }
  await copyRest(disk, segment.path, bad, at)
  const file = await disk.open(segment.path, 'write')
  try {
    await file.truncate(at)
    await file.sync()
  } finally {
    await file.close()
  }
  return bad
}

/** Copies the bytes from `at` on to `<name>.bad` and leaves the segment alone. */
export async function setAside(disk: Disk, segment: Segment, at: number): Promise<string> {
  const bad = await freeName(disk, segment.path)
  await copyRest(disk, segment.path, bad, at)
  return bad
}

async function copyRest(disk: Disk, from: string, to: string, at: number): Promise<void> {
  const source = await disk.open(from, 'read')
  try {
    const target = await disk.open(to, 'create')
    try {
      const piece = Buffer.allocUnsafe(COPY_BYTES)
      for (let done = 0; ; ) {
        const read = await source.read(piece, at + done)
        if (read === 0) break
        await target.write([piece.subarray(0, read)], done)
        done += read
      }
      await target.sync()
    } catch (error) {
      await disk.remove(to).catch(() => {})
      throw error
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function freeName(disk: Disk, path: string): Promise<string> {
  const [folder, name] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)]
  const taken = new Set(await disk.list(folder))
  let free = `${name}.bad`
  for (let number = 2; taken.has(free); number++) free = `${name}.${number}.bad`
  return `${folder}/${free}`
}
