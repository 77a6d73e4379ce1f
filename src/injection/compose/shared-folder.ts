import type { Json, JsonObject, Path } from '../../manifests/json.ts'
import { parseQuantity } from '../../manifests/quantity.ts'
import type { RenderedFolder } from '../catalogue/render.ts'
import { fail, type Tell } from '../kubernetes/refusal.ts'
import type { Draft } from './draft.ts'
import {
  inheritedMountAt,
  isWithin,
  type Mount,
  mountAt,
  mountedAt,
  mountsOf,
  tidy,
  volumeMount,
} from './mounts.ts'
import { effectiveService, listOf } from './project.ts'

/** What the sidecar's service gets for a folder that it shares with the application. */
export interface SharedMounts {
  readonly volumes: readonly Json[]
  readonly volumesFrom: readonly string[]
}

/**
 * Lets a sidecar see a folder of the application: what the application mounts there, or above it, is mounted in the
 * sidecar too, read-only for a reader; where there is nothing, a named volume comes into both.
 */
export function shareFolder(
  draft: Draft,
  app: string,
  sidecar: string,
  folder: RenderedFolder,
  tell: Tell,
): SharedMounts {
  const { service, unseen } = effectiveService(draft.document, app)
  const path = tidy(folder.path)
  const sidecarPath = tidy(folder.sidecarPath)
  const readOnly = folder.sidecar === 'read'
  const place: Path = ['services', app, 'volumes']
  const mounts = mountsOf(service)
  const own = mountAt(mounts, path)
  const inherited = own === undefined ? inheritedMountAt(draft.document, service, path) : undefined
  const found = own ?? inherited?.mount
  if (found === undefined) {
    const container = listOf(service['volumes_from']).find(item => String(item).startsWith('container:'))
    if (container !== undefined)
      tell(
        'warning',
        'unseen-mounts',
        ['services', app, 'volumes_from'],
        `what ${String(container)} mounts cannot be seen; ${path} gets a volume of its own`,
      )
    if (unseen)
      tell(
        'warning',
        'unseen-mounts',
        ['services', app, 'extends'],
        `what ${app} mounts by extends from another file cannot be seen; a mount of it at ${path} is covered`,
        `write the mount of ${path} into ${app} itself`,
      )
    return newVolume(draft, app, sidecar, folder, path, sidecarPath)
  }
  if (found.readOnly && folder.application === 'write')
    tell(
      'warning',
      'read-only-folder',
      place,
      `${app} mounts ${found.target} read-only, and cannot write to ${path}`,
    )
  if (found.kind === 'anonymous')
    return byVolumesFrom(inherited?.from ?? app, readOnly, path, sidecarPath, place)
  const below = mounts.filter(({ target }) => target !== path && isWithin(target, path))
  return {
    volumes: [found, ...below].map(mount =>
      shared(mount, placeInSidecar(mount, path, sidecarPath, place), readOnly, place),
    ),
    volumesFrom: [],
  }
}

function shared(mount: Mount, target: string, readOnly: boolean, place: Path): Json {
  if (mount.kind === 'volume' || mount.kind === 'bind') return mountedAt(mount, target, readOnly)
  return fail(
    'shared_folder',
    place,
    `${mount.target} is ${mount.kind === 'tmpfs' ? 'a tmpfs' : 'a mount'} that no other container can see`,
    'mount a named volume there; one in memory has driver_opts type: tmpfs',
  )
}

/** Under the same path all below a mount is in its place. Under another one the mount itself must be there. */
function placeInSidecar(mount: Mount, path: string, sidecarPath: string, place: Path): string {
  if (sidecarPath === path) return mount.target
  if (isWithin(mount.target, path))
    return tidy(sidecarPath + mount.target.slice(path === '/' ? 0 : path.length))
  const rest = path.slice(mount.target === '/' ? 0 : mount.target.length)
  if (sidecarPath.endsWith(rest) && sidecarPath.length > rest.length)
    return sidecarPath.slice(0, -rest.length)
  return fail(
    'shared_folder',
    place,
    `${path} lies in the mount ${mount.target}, and the sidecar wants it at ${sidecarPath}`,
    `mount a volume at ${path} itself`,
  )
}

function byVolumesFrom(
  from: string,
  readOnly: boolean,
  path: string,
  sidecarPath: string,
  place: Path,
): SharedMounts {
  if (sidecarPath !== path)
    fail(
      'shared_folder',
      place,
      `the volume at ${path} has no name, and the sidecar wants it at ${sidecarPath}`,
      'give it a name',
    )
  return { volumes: [], volumesFrom: [readOnly ? `${from}:ro` : from] }
}

function newVolume(
  draft: Draft,
  app: string,
  sidecar: string,
  folder: RenderedFolder,
  path: string,
  sidecarPath: string,
): SharedMounts {
  const name = volumeName(app, sidecar, folder.name)
  if (draft.has('volumes', name))
    fail('shared_folder', ['volumes', name], `a volume ${name} is there already`)
  draft.add(app, 'volumes', name, volumeFor(folder))
  const readsOnly = folder.application === 'read'
  draft.mount(app, app, path, readsOnly ? volumeMount(name, path, true) : `${name}:${path}`)
  return { volumes: [volumeMount(name, sidecarPath, folder.sidecar === 'read')], volumesFrom: [] }
}

/** `web-outrigger-logs`, whether the entry `outrigger` calls it logs or outrigger-logs. */
function volumeName(app: string, sidecar: string, volume: string): string {
  return `${app}-${volume}`.startsWith(`${sidecar}-`) ? `${app}-${volume}` : `${sidecar}-${volume}`
}

/** Docker bounds a volume only in memory; one on disk grows as far as the disk. */
function volumeFor({ medium, sizeLimit }: RenderedFolder): JsonObject {
  if (medium !== 'Memory') return {}
  const size = parseQuantity(sizeLimit)
  return {
    driver_opts: {
      type: 'tmpfs',
      device: 'tmpfs',
      ...(size !== undefined && { o: `size=${Math.round(size)}` }),
    },
  }
}
