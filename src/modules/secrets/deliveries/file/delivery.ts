import type { SideFile } from '../../templates/content.ts'
import { Rendition } from '../../templates/rendition.ts'
import type { Delivery, DeliveryHost } from '../delivery.ts'
import { WrittenDelivery } from '../written-delivery.ts'
import { writeFileAtomically } from './atomic-file.ts'
import type { FileDeliveryConfig } from './config.ts'
import { earlierText } from './earlier-text.ts'
import { resolveOwnership } from './ownership.ts'
import { SideFiles } from './side-files.ts'

/** A file that is written whenever its text has changed. */
export async function openFileDelivery(
  name: string,
  config: FileDeliveryConfig,
  host: DeliveryHost,
): Promise<Delivery> {
  const [ownership, content] = await Promise.all([resolveOwnership(config), host.contentOf(config, name)])
  const sideFiles = new SideFiles()
  let newest: { readonly bytes: Uint8Array; readonly files: readonly SideFile[] } | undefined
  const write = async () => {
    const taken = newest!
    // What comes meanwhile is another text, and is written next.
    newest = undefined
    try {
      const besides = await sideFiles.write(taken.files)
      const changed = await writeFileAtomically({ ...config, ...ownership, bytes: taken.bytes })
      wipe(taken)
      return changed || besides
    } catch (error) {
      if (newest === undefined) newest = taken
      else wipe(taken)
      throw error
    }
  }
  const rendition = new Rendition({
    content,
    table: host.table,
    clock: host.clock,
    takesFiles: true,
    before: () => earlierText(config.path, config.maxSizeBytes),
    onText: (bytes, files) => {
      if (newest !== undefined) wipe(newest)
      newest = { bytes, files }
      delivery.wake()
    },
    onPass: (seconds, failed) => host.measure.rendered(name, seconds, failed),
    onFailed: message => host.log.error('secret_not_rendered', `${name}: ${message}`, { delivery: name }),
  })
  const delivery = new WrittenDelivery(
    {
      name,
      kind: 'file',
      target: config.path,
      renditions: () => [rendition],
      says: `${config.path} was written`,
      write,
      start: () => rendition.start(),
      end: () => rendition[Symbol.dispose](),
    },
    host,
  )
  return delivery
}

function wipe({ bytes, files }: { readonly bytes: Uint8Array; readonly files: readonly SideFile[] }): void {
  bytes.fill(0)
  for (const file of files) file.bytes.fill(0)
}
