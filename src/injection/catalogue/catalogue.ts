import type { Json } from '../../manifests/json.ts'
import type { Entry } from './entry.ts'

/** The approved sidecars: what a folder, a tarball or a ConfigMap of entries came to. */
export interface Catalogue {
  /** By name, then version; deprecated ones too. */
  readonly entries: readonly Entry[]
  /**
   * `outrigger`, `outrigger@1`, `logs`: the newest version that fits and is not deprecated (a deprecated one only if it
   * is the only one). A miss says what is there that is close.
   */
  find(name: string, version?: string): Found
}

export type Found =
  | {
      readonly ok: true
      readonly entry: Entry
      /** What an alias sets. */
      readonly set: Readonly<Record<string, Json>>
    }
  | { readonly ok: false; readonly message: string; readonly hint?: string }

/** What an entry may ask about the pod (or service) that it goes into: `${app.port}`, `${workload.name}`. */
export interface Facts {
  readonly app: {
    /** Name of its first container. */
    readonly container: string
    /** First containerPort of its first container. */
    readonly port?: number
    readonly ports: readonly number[]
  }
  readonly workload: { readonly kind: string; readonly name: string }
  readonly namespace: string
  readonly target: 'kubernetes' | 'compose'
}
