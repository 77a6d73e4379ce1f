import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../../../../kernel/log/log.ts'

/** Tells of objects on the disk that nobody uploads, because their output is not configured any more. `ids`: of the outputs that are. */
export async function tellOrphans(folder: string, ids: readonly string[], log: Log): Promise<void> {
  const names = await readdir(join(folder, 's3')).catch(() => [])
  for (const name of names) {
    if (ids.includes(name)) continue
    const path = join(folder, 's3', name)
    const files = await readdir(path).catch(() => [])
    const objects = files.filter(file => /\.(lines|full)$/.test(file)).length
    if (objects === 0) continue
    const message = `${objects} objects in ${path} belong to an s3 output that is not configured any more: configure it as it was, or upload and remove them yourself`
    log.warn('s3_orphans', message, { objects })
  }
}
