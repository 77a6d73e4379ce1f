import type { Finding } from '../../manifests/finding.ts'
import type { Path } from '../../manifests/json.ts'
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
  /** User ids are then left to the cluster; a namespace of OpenShift is also known by its annotations. */
  readonly openshift?: boolean
}

/** What came of one pod template of a document. */
export interface Injected {
  /** To the pod template (or the pod) in the document. */
  readonly path: Path
  readonly workload: { readonly kind: string; readonly name: string; readonly namespace?: string }
  readonly outcome: 'injected' | 'unchanged' | 'skipped' | 'failed'
  /** Of everything but `injected`. */
  readonly reason?: Reason
  readonly status?: InjectionStatus
}

/** Machine ids: labels of metrics, and what scripts ask for. docs/injection.md explains each. */
export type Reason = UnchangedReason | SkipReason | FailureReason
export type UnchangedReason = 'not_asked' | 'already_injected'
export type SkipReason =
  | 'skip_annotation'
  | 'mirror_pod'
  | 'static_pod'
  | 'windows_pod'
  | 'host_network'
  | 'container_exists'
  | 'extended_service'
export type FailureReason =
  | 'invalid_pod'
  | 'pod_too_large'
  | 'invalid_annotation'
  | 'unknown_entry'
  | 'invalid_parameter'
  | 'missing_requirement'
  | 'conflict'
  | 'kubernetes_version'
  | 'native_unsupported'
  | 'port_collision'
  | 'shared_folder'
  | 'service_account_token'
  | 'unreadable_status'
  | 'annotations_too_large'
  | 'no_compose_form'
  | 'tagged_value'
  | 'network_not_movable'

/** Value of the annotation outrigger.dev/status: what was added, so that it can be taken away again, value for value. */
export interface InjectionStatus {
  readonly v: 1
  /** The container whose name and ports stood for the application's. */
  readonly application: string
  readonly entries: readonly InjectedEntry[]
  /** Lists and mappings that were not there: `spec.volumes`, `env of web`. */
  readonly made: readonly string[]
  /** The same where the manifest said null. */
  readonly nulls: readonly string[]
}

export interface InjectedEntry {
  readonly name: string
  readonly version: string
  /** Of the catalogue's entry. */
  readonly hash: string
  readonly added: Added
}

/** Everything by the key that Kubernetes merges it by, so that what others add to the same lists stays theirs. */
export interface Added {
  readonly initContainers?: Readonly<Record<string, Fingerprint>>
  readonly containers?: Readonly<Record<string, Fingerprint>>
  readonly volumes?: readonly string[]
  /** By container: mount paths. */
  readonly volumeMounts?: Readonly<Record<string, readonly string[]>>
  /** By container: names. */
  readonly env?: Readonly<Record<string, readonly string[]>>
  readonly annotations?: readonly string[]
  readonly labels?: readonly string[]
  readonly imagePullSecrets?: readonly string[]
  /** Fields of the pod's securityContext. */
  readonly securityContext?: readonly string[]
}

/** Of a container as it was injected. The image stands apart because it can be changed in a running pod. */
export interface Fingerprint {
  readonly image: string
  /** 16 hex digits over everything but the image, without the defaults that an API server writes in. */
  readonly hash: string
}

/** Pure result of `inject(document, catalogue, context)`. Applying `patch` to the document gives the injected one. */
export interface Injection {
  readonly patch: readonly PatchOperation[]
  readonly findings: readonly Finding[]
  readonly status: readonly Injected[]
}
