import { readFile, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Destination, folderOf, numbersOf } from './destination.ts'

export const file: Destination = {
  kind: 'file',
  async start(t) {
    const path = join(await folderOf(t), 'out.ndjson')
    let before = ''
    const readNow = async () => await readFile(path, 'utf8').catch(() => '')
    const peer = {
      away: async () => {
        before += await readNow()
        await rename(path, `${path}.aside`).catch(() => {})
        await symlink('/dev/full', path)
      },
      back: () => rm(path),
    }
    const arrived = async () => numbersOf(before + (await readNow()))
    return { options: { path, sync: false }, arrived, peer }
  },
}
