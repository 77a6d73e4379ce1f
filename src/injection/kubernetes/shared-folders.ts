import type { JsonObject } from '../../manifests/json.ts'
import type { RenderedFolder } from '../catalogue/render.ts'
import { freeVolumeName, mountsOf, push, type Site, volumesOf } from './plan.ts'
import { listOf, type NamedContainer, quote, textOf } from './pod.ts'
import { fail, type Tell } from './refusal.ts'

/** A mount of the application that has a folder in it, and where in it. */
interface Holding {
  readonly container: string
  readonly volume: string
  /** Where it is mounted, and below that the folder: '' when it is the mount itself. */
  readonly mountPath: string
  readonly rest: string
  readonly subPath: string
}

/**
 * Gives the sidecar's containers a view of a folder of the application. What the application has mounted there or above
 * it is used; only where there is nothing, an emptyDir is made and mounted on both sides. `sidecars` are changed.
 */
export function shareFolder(
  folder: RenderedFolder,
  sidecars: NamedContainer[],
  site: Site,
  tell: Tell,
): void {
  const path = folderPath(folder.path, folder.name)
  const sidecarPath = folderPath(folder.sidecarPath, folder.name)
  const holding = holdingOf(path, folder, site, tell) ?? made(path, folder, site)
  for (const [index, sidecar] of sidecars.entries())
    sidecars[index] = withMount(sidecar, mountFor(holding, sidecarPath, folder, sidecar), folder)
}

function folderPath(value: unknown, name: string): string {
  if (typeof value !== 'string' || !value.startsWith('/') || value.split('/').includes('..'))
    fail('shared_folder', [], `the folder ${quote(name)} needs an absolute path, got ${quote(String(value))}`)
  return clean(value)
}

const CLEAN = /^(?:\/[^/.][^/]*)+$/

function clean(path: string): string {
  if (CLEAN.test(path)) return path
  return `/${path
    .split('/')
    .filter(step => step !== '' && step !== '.')
    .join('/')}`
}

/** The mount nearest to the folder, of the first application container that has one. */
function holdingOf(path: string, folder: RenderedFolder, site: Site, tell: Tell): Holding | undefined {
  const volumes = new Set(volumesOf(site).map(volume => volume['name']))
  const holdings: Holding[] = []
  for (const container of site.application) {
    let nearest: Holding | undefined
    for (const mount of mountsOf(container, site)) {
      const mountPath = textOf(mount['mountPath'])
      const volume = textOf(mount['name'])
      if (mountPath === undefined || volume === undefined || !volumes.has(volume)) continue
      const at = clean(mountPath)
      if (path !== at && !path.startsWith(at === '/' ? '/' : `${at}/`)) continue
      if (nearest !== undefined && nearest.mountPath.length >= at.length) continue
      if (mount['subPathExpr'] !== undefined)
        fail(
          'shared_folder',
          ['spec', 'containers'],
          `${container.name} mounts ${at} with subPathExpr, which a sidecar cannot follow`,
          'use subPath, or a volume of its own for the folder',
        )
      const rest = path === at ? '' : path.slice(at === '/' ? 1 : at.length + 1)
      const subPath = textOf(mount['subPath']) ?? ''
      nearest = { container: container.name, volume, mountPath: at, rest, subPath }
    }
    if (nearest !== undefined) holdings.push(nearest)
  }
  const [first, ...others] = holdings
  const other = others.find(({ volume }) => volume !== first?.volume)
  if (first !== undefined && other !== undefined)
    tell(
      'warning',
      'shared-folder-differs',
      ['spec', 'containers'],
      `${path} of ${first.container} and of ${other.container} are different volumes; the sidecar has that of ${first.container}`,
      `name the container whose ${folder.name} counts: outrigger.dev/app: ${first.container}`,
    )
  return first
}

/** A new volume, mounted into every container of the application. */
function made(path: string, folder: RenderedFolder, site: Site): Holding {
  const volume = freeVolumeName(folder.name, site)
  const medium = folder.medium === undefined ? {} : { medium: folder.medium }
  site.plan.volumes.push({ name: volume, emptyDir: { ...medium, sizeLimit: folder.sizeLimit } })
  for (const { name } of site.application) {
    const readOnly = folder.application === 'read' ? { readOnly: true } : {}
    push(site.plan.volumeMounts, name, { name: volume, mountPath: path, ...readOnly })
  }
  return { container: '', volume, mountPath: path, rest: '', subPath: '' }
}

/**
 * The volume is mounted where the application has it, so that a folder which the application makes itself is not made
 * by the kubelet, as root, before. Where that would hide something of the sidecar's own, the folder alone is.
 */
function mountFor(
  { volume, rest, subPath }: Holding,
  sidecarPath: string,
  folder: RenderedFolder,
  sidecar: NamedContainer,
): JsonObject {
  const readOnly = folder.sidecar === 'read' ? { readOnly: true } : {}
  const end = rest === '' ? '' : `/${rest}`
  const above = sidecarPath.endsWith(end) ? sidecarPath.slice(0, sidecarPath.length - end.length) : ''
  const hides =
    above === '' ||
    listOf(sidecar['volumeMounts']).some(
      mount =>
        String(mount['mountPath']).startsWith(`${above}/`) ||
        (mount['mountPath'] === above && mount['name'] !== volume),
    )
  const within = (path: string): JsonObject => (path === '' ? {} : { subPath: path })
  if (rest === '' || !hides)
    return { name: volume, mountPath: rest === '' ? sidecarPath : above, ...within(subPath), ...readOnly }
  const below = subPath === '' ? rest : `${subPath}/${rest}`
  return { name: volume, mountPath: sidecarPath, ...within(below), ...readOnly }
}

/** Two folders in one volume need one mount; it can be written to if either is. */
function withMount(sidecar: NamedContainer, mount: JsonObject, folder: RenderedFolder): NamedContainer {
  const mounts = listOf(sidecar['volumeMounts'])
  const at = mounts.findIndex(each => each['mountPath'] === mount['mountPath'])
  if (at < 0) return { ...sidecar, volumeMounts: [...mounts, mount] }
  const there = mounts[at]!
  if (there['name'] !== mount['name'] || there['subPath'] !== mount['subPath'])
    fail(
      'shared_folder',
      ['spec', 'volumes'],
      `${sidecar.name} would need two volumes at ${String(mount['mountPath'])}`,
      `let ${folder.name} have another path`,
    )
  if (there['readOnly'] !== true || mount['readOnly'] === true) return sidecar
  return { ...sidecar, volumeMounts: mounts.with(at, mount) }
}
