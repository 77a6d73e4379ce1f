import type { JsonObject } from '../../manifests/json.ts'
import type { RenderedFile } from '../catalogue/render.ts'
import { freeVolumeName, type Site } from './plan.ts'
import { listOf, type NamedContainer } from './pod.ts'
import type { Tell } from './refusal.ts'
import { DOMAIN, FILE_PREFIX } from './vocabulary.ts'

/** The part of an annotation's key after the domain may be this long. */
const MAX_KEY_LENGTH = 63

/**
 * Puts each generated file into an annotation of the pod, and those of a folder into one downwardAPI volume, so that
 * nothing has to be made beforehand and a changed annotation changes the file in the running pod. Containers are changed.
 */
export function addFiles(
  entry: string,
  files: readonly RenderedFile[],
  lists: readonly NamedContainer[][],
  site: Site,
  tell: Tell,
): void {
  const folders = Map.groupBy(files, ({ path }) => path.slice(0, path.lastIndexOf('/')) || '/')
  const keys = new Set<string>()
  let n = 0
  for (const [folder, inFolder] of folders) {
    const volume = freeVolumeName(`${entry}-files${n++ === 0 ? '' : `-${n}`}`, site)
    const items: JsonObject[] = []
    for (const file of inFolder) {
      const key = DOMAIN + freeKey(`${FILE_PREFIX}${entry}.${file.name}`, keys)
      items.push({ path: file.name, fieldRef: { fieldPath: `metadata.annotations['${key}']` } })
      if (Object.hasOwn(site.pod.annotations, key))
        tell(
          'info',
          'own-file',
          ['metadata', 'annotations', key],
          `${file.path} of ${entry} is what this annotation says; settings that would go into it have no effect`,
        )
      else site.plan.annotations.set(key, file.text)
    }
    site.plan.volumes.push({ name: volume, downwardAPI: { items } })
    for (const list of lists)
      for (const [index, container] of list.entries())
        list[index] = withFiles(container, volume, folder, inFolder)
  }
}

function freeKey(wanted: string, keys: Set<string>): string {
  let key = wanted.slice(0, MAX_KEY_LENGTH)
  for (let n = 2; keys.has(key); n++) key = `${wanted.slice(0, MAX_KEY_LENGTH - 4)}-${n}`
  keys.add(key)
  return key
}

/** The folder as a whole, since single files of a volume are not renewed; one by one where the folder is taken. */
function withFiles(
  container: NamedContainer,
  volume: string,
  folder: string,
  files: readonly RenderedFile[],
): NamedContainer {
  const seen = files.filter(
    ({ containers }) => containers === undefined || containers.includes(container.name),
  )
  if (seen.length === 0) return container
  const mounts = listOf(container['volumeMounts'])
  const taken = mounts.some(({ mountPath }) => mountPath === folder)
  const added = taken
    ? seen.map(({ path }) => ({
        name: volume,
        mountPath: path,
        subPath: path.slice(folder.length + 1),
        readOnly: true,
      }))
    : [{ name: volume, mountPath: folder, readOnly: true }]
  return { ...container, volumeMounts: [...mounts, ...added] }
}
