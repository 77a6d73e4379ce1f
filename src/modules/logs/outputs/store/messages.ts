import type { Level } from '../../../../kernel/log/log.ts'
import type { Failure } from './fault.ts'
import type { FullText } from './searchable.ts'

/** What the worker is started with. */
export interface StoreSettings {
  readonly path: string
  /** Tells this sidecar's spool from every other that ever wrote to the file. */
  readonly spool: string
  readonly fullText: FullText
  readonly maxSizeBytes: number
  readonly maxAgeMs: number
}

/** Records of one frame on their way to the worker; record i is `bytes[starts[i], ends[i])`. */
export interface Parcel {
  readonly sequence: number
  /** The index of the first record within its frame. */
  readonly from: number
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly timesMs: Float64Array
  readonly input: string
  readonly path: string
}

export type Request =
  | {
      readonly kind: 'write'
      readonly id: number
      readonly nowMs: number
      readonly parcels: readonly Parcel[]
    }
  | { readonly kind: 'retain'; readonly nowMs: number }
  | { readonly kind: 'close' }

/** `id` is absent when nobody waits for it. */
export interface Reply {
  readonly id?: number
  readonly outcome: { readonly kind: 'done' } | Failure
  readonly notes: readonly Note[]
}

/** Something for the sidecar's log. */
export interface Note {
  readonly level: Level
  readonly event: string
  readonly message: string
}
