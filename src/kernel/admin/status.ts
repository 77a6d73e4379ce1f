import type { Reload } from '../lifecycle/reload-history.ts'
import type { Sidecar } from '../lifecycle/sidecar.ts'
import { readStatus } from '../metrics/process.ts'
import type { Health } from '../module.ts'

/** What /status says. */
export interface Status {
  readonly version: string
  readonly nodeVersion: string
  readonly pid: number
  readonly startedAt: string
  readonly uptimeSeconds: number
  readonly phase: string
  readonly ready: boolean
  readonly state: Health['state']
  readonly message?: string
  readonly configuration: { readonly hash: string; readonly files: readonly string[] }
  readonly logLevel: string
  readonly process: {
    readonly cpuSeconds: number
    readonly residentBytes: number
    readonly privateBytes?: number
  }
  readonly modules: Readonly<Record<string, Health>>
  readonly application?: unknown
  /** The latest first. */
  readonly reloads: readonly Reload[]
}

export function statusOf(sidecar: Sidecar): Status {
  const { configuration, applicationStatus: application } = sidecar
  const { user, system } = process.cpuUsage()
  const { anonymousBytes } = readStatus()
  return {
    version: sidecar.version,
    nodeVersion: process.versions.node,
    pid: process.pid,
    startedAt: new Date(sidecar.startedAtMs).toISOString(),
    uptimeSeconds: Math.round(sidecar.uptimeMs() / 1000),
    ...sidecar.health(),
    configuration: { hash: configuration.hash, files: configuration.files },
    logLevel: sidecar.logger.level,
    process: {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      ...(anonymousBytes !== undefined && { privateBytes: anonymousBytes }),
    },
    ...(application !== undefined && { application }),
    reloads: sidecar.reloads,
  }
}
