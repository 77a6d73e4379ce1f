import { at, isObject, type Json, type JsonObject, type Path } from '../manifests/json.ts'
import type { PodContainer } from '../manifests/workload.ts'

/** A volume as one container mounts it. */
export interface Mount {
  readonly container: PodContainer
  readonly volume: string
  readonly mountPath: string
  readonly subPath: string
  readonly readOnly: boolean
  /** From the template on. */
  readonly path: Path
}

export function mountsOf(container: PodContainer): Mount[] {
  const mounts = container.container['volumeMounts']
  if (!Array.isArray(mounts)) return []
  return mounts.flatMap((mount: Json, index): Mount[] => {
    if (!isObject(mount) || typeof mount['name'] !== 'string') return []
    const text = (key: string) => (typeof mount[key] === 'string' ? mount[key] : '')
    return [
      {
        container,
        volume: mount['name'],
        mountPath: text('mountPath'),
        subPath: text('subPath') + text('subPathExpr'),
        readOnly: mount['readOnly'] === true,
        path: [...container.path, 'volumeMounts', index],
      },
    ]
  })
}

/** A volume of the pod with where it stands, from the template on. */
export interface Volume {
  readonly name: string
  readonly volume: JsonObject
  readonly path: Path
}

export function volumesOf(template: JsonObject): Volume[] {
  const volumes = at(template, ['spec', 'volumes'])
  if (!Array.isArray(volumes)) return []
  return volumes.flatMap((volume: Json, index): Volume[] =>
    isObject(volume) && typeof volume['name'] === 'string'
      ? [{ name: volume['name'], volume, path: ['spec', 'volumes', index] }]
      : [],
  )
}
