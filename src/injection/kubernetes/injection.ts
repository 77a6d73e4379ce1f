import type { Finding } from '../../manifests/finding.ts'
import type { JsonObject, Path } from '../../manifests/json.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'

/** What is known of the cluster, the namespace and the wish of the caller. Everything is optional offline. */
export interface InjectionContext {
  /** Default: new enough for native sidecars. */
  readonly kubernetes?: { readonly major: number; readonly minor: number }
  /** As the API server writes it: its annotations are defaults for the pods in it. */
  readonly namespace?: {
    readonly name: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
  }
  /** Of `--set ENTRY.PARAMETER=VALUE`: below the pod's annotations, above the namespace's. */
  readonly settings?: Readonly<Record<string, string>>
  /** Asked for besides what annotations say, as the value of outrigger.dev/inject. */
  readonly inject?: string
  /** Understand the annotations of other injectors and take their sidecars' place. */
  readonly adopt?: boolean
}

/** What came of one pod template of a document. */
export interface Injected {
  /** To the pod template (or the pod) in the document. */
  readonly path: Path
  readonly workload: { readonly kind: string; readonly name: string; readonly namespace?: string }
  readonly outcome: 'injected' | 'unchanged' | 'skipped' | 'failed'
  /** Machine id: `not_asked`, `skip_annotation`, `static_pod`, `host_network`, `already_injected`, `unknown_entry`, … */
  readonly reason?: string
  readonly status?: InjectionStatus
}

/** Value of the annotation outrigger.dev/status: what was added, so that it can be taken away again, value for value. */
export interface InjectionStatus {
  readonly v: 1
  readonly entries: readonly { readonly name: string; readonly version: string; readonly hash: string }[]
  readonly added: JsonObject
}

/** Pure result of `inject(document, catalogue, context)`. Applying `patch` to the document gives the injected one. */
export interface Injection {
  readonly patch: readonly PatchOperation[]
  readonly findings: readonly Finding[]
  readonly status: readonly Injected[]
}
