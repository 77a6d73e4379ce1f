import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StoreReader } from '../../src/modules/logs/outputs/store/search.ts'
import { type Destination, folderOf } from './destination.ts'

export const store: Destination = {
  kind: 'store',
  isLocal: true,
  async start(t) {
    const path = join(await folderOf(t), 'store.db')
    const arrived = async () => {
      if (!existsSync(path)) return []
      using reader = new StoreReader(path)
      return reader.find({}, 1_000_000).map(({ record }) => JSON.parse(record.toString()).n)
    }
    return { options: { path }, arrived }
  },
}
