import { at } from '../../manifests/json.ts'
import type { PodContainer } from '../../manifests/workload.ts'

/** How long native sidecars hold the application back: they start one after the other, each when its probe is content. */
export interface StartDelay {
  /** How many have a startup probe. */
  readonly probes: number
  /** What the probes wait before they look for the first time. */
  readonly leastSeconds: number
  /** When the last of them gives up and its container starts again. */
  readonly mostSeconds: number
}

/** undefined: no sidecar has a startup probe. */
export function startDelayOf(sidecars: readonly PodContainer[]): StartDelay | undefined {
  const probes = sidecars.flatMap(({ role, container }) => {
    const probe = container['startupProbe']
    return role === 'sidecar' && probe !== undefined && probe !== null ? [probe] : []
  })
  if (probes.length === 0) return undefined
  const waits = probes.map(probe => {
    const seconds = (name: string, otherwise: number) => {
      const value = at(probe, [name])
      return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : otherwise
    }
    const least = seconds('initialDelaySeconds', 0)
    return { least, most: least + seconds('periodSeconds', 10) * seconds('failureThreshold', 3) }
  })
  return {
    probes: probes.length,
    leastSeconds: waits.reduce((total, { least }) => total + least, 0),
    mostSeconds: waits.reduce((total, { most }) => total + most, 0),
  }
}
