import type { Delivery, DeliveryHost } from '../delivery.ts'
import { type Ownership, resolveOwnership } from '../file/ownership.ts'
import { Gathering } from '../gathering.ts'
import { WrittenDelivery } from '../written-delivery.ts'
import type { FolderDeliveryConfig } from './config.ts'
import { type FileOfGeneration, writeGeneration } from './generation.ts'

/** A folder whose files are exchanged together. */
export async function openFolderDelivery(
  name: string,
  config: FolderDeliveryConfig,
  host: DeliveryHost,
): Promise<Delivery> {
  const ownerships = new Map<string, Ownership>()
  const contents = new Map<string, Awaited<ReturnType<DeliveryHost['contentOf']>>>()
  for (const file of config.files) {
    ownerships.set(file.name, await resolveOwnership(file))
    contents.set(file.name, await host.contentOf(file, `${name}/${file.name}`))
  }
  let newest: FileOfGeneration[] = []
  const gathering = new Gathering(name, contents, host, texts => {
    newest = [...texts].map(([file, bytes]) => ({ ...ownerships.get(file)!, name: file, bytes }))
    delivery.wake()
  })
  const delivery = new WrittenDelivery(
    {
      name,
      kind: 'folder',
      target: config.path,
      renditions: () => gathering.renditions,
      says: `${config.path} has new files`,
      write: () => writeGeneration(config.path, newest, host.clock.now()),
      start: () => gathering.start(),
      end: () => gathering[Symbol.dispose](),
    },
    host,
  )
  return delivery
}
