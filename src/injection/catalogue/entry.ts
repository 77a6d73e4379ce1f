import type { Json, JsonObject } from '../../manifests/json.ts'

/**
 * One approved sidecar in one version, as an entry of a catalogue (apiVersion: outrigger.dev/v1, kind: Sidecar).
 * Every template below holds Kubernetes' own JSON in Kubernetes' own names; values of parameters come in as values.ts
 * tells, so what is not named here is passed through as it was written.
 */
export interface Entry {
  readonly name: string
  /** Semantic version of the entry (not of the image). */
  readonly version: string
  /** `sha256:` and 64 hex digits over the canonical JSON of the entry. */
  readonly hash: string
  /** What it is for, one sentence. */
  readonly purpose: string
  /** Whom to ask: a team or an address. */
  readonly owner: string
  readonly deprecated?: { readonly reason: string; readonly use?: string }
  /** Versions of Kubernetes that it is good for: `>=1.25`, `>=1.25 <1.40`. */
  readonly kubernetes?: string
  /** Pods that ask for it must not start without it: the webhook's failurePolicy. */
  readonly required: boolean
  /** Lower starts earlier and ends later, among injected sidecars. Proxies 10, secrets 20, others 50. */
  readonly order: number
  readonly requires: readonly string[]
  readonly conflicts: readonly string[]
  /** Entries or foreign sidecars (container names) whose place it takes. */
  readonly replaces: readonly string[]
  /** Further names under which it is asked for, each with parameters that it sets: `logs: { modules: [logs] }`. */
  readonly aliases: Readonly<Record<string, Alias>>
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly containers: readonly ContainerTemplate[]
  /** Ordinary init containers that end; they come before the entry's native sidecars. */
  readonly initContainers: readonly ContainerTemplate[]
  readonly volumes: readonly JsonObject[]
  /** Folders that the application and the sidecar have in common. */
  readonly shared: readonly SharedFolder[]
  /** Files that the injector makes: an annotation of the pod with a downwardAPI volume, or `configs:` in Compose. */
  readonly files: readonly GeneratedFile[]
  /** What the application's containers get. */
  readonly application: readonly ApplicationChange[]
  /** Of the pod: labels, annotations, imagePullSecrets, fsGroup. What the pod has already wins. */
  readonly pod: PodChange
  /** What the entry may lack of Pod Security "restricted", each with its reason. */
  readonly waivers: readonly Waiver[]
  readonly compose?: ComposeForm
}

export interface Alias {
  readonly about: string
  /** Lists are joined when several aliases of one entry are asked for; anything else must agree. */
  readonly set: Readonly<Record<string, Json>>
}

/**
 * A JSON Schema of one value (parameter-schema.ts: KEYWORDS), with `description` and `default` (which may be a fact:
 * `${app.port}`). Besides: `required: true` or a condition; `atMost: NAME` of a parameter that it must not exceed.
 */
export type Parameter = JsonObject

export interface ContainerTemplate {
  /** A condition (condition.ts) under which it is there; gone in what was rendered. */
  readonly $when?: string
  /**
   * native: an init container with restartPolicy Always. auto: native where the cluster has it, else classic: a container
   * that comes first when it has a postStart hook, which then holds the application back. The native form needs no hook
   * beside a startupProbe, and is injected without it.
   */
  readonly form: 'native' | 'classic' | 'auto'
  /** The container as Kubernetes writes it: name, image, resources (requests and limits), securityContext, … */
  readonly container: JsonObject
}

export interface SharedFolder {
  /** A condition (condition.ts) under which it is there; gone in what was rendered. */
  readonly $when?: string
  /** Name of the volume if one must be made. */
  readonly name: string
  /** Absolute path in the application's container. What is mounted there, or above it, is used as it is. */
  readonly path: Json
  /** Where the sidecar sees it; default: the same path. */
  readonly sidecarPath?: Json
  readonly sidecar: 'read' | 'write'
  readonly application: 'read' | 'write'
  /** Of the emptyDir that is made where the application mounts nothing there. */
  readonly sizeLimit: string
  readonly medium?: 'Memory'
}

export interface GeneratedFile {
  /** A condition (condition.ts) under which it is there; gone in what was rendered. */
  readonly $when?: string
  /** Absolute path in the sidecar's containers. */
  readonly path: string
  /** yaml and json: a value, written in that format. text: lines, joined with line feeds. */
  readonly format: 'yaml' | 'json' | 'text'
  readonly content: Json
  /** Which of the entry's containers see it; default all. */
  readonly containers?: readonly string[]
}

export interface ApplicationChange {
  /** A condition (condition.ts) under which it is there; gone in what was rendered. */
  readonly $when?: string
  readonly containers: 'all' | 'first' | readonly string[]
  readonly env: readonly JsonObject[]
  /** Volumes of the entry: { name, mountPath, readOnly, … }. */
  readonly volumeMounts: readonly JsonObject[]
}

export interface PodChange {
  readonly labels?: Readonly<Record<string, Json>>
  readonly annotations?: Readonly<Record<string, Json>>
  readonly imagePullSecrets?: readonly JsonObject[]
  readonly fsGroup?: number
}

export interface Waiver {
  /** `containers[envoy].securityContext.runAsNonRoot`, or the shorter `securityContext.runAsNonRoot` for all. */
  readonly field: string
  readonly reason: string
}

/** A service of Compose, in Compose's own names; shared folders and files come from the entry. */
export interface ComposeForm {
  /** network: `network_mode: service:APP`. pause: a third service holds the network. none, if nothing: by service name. */
  readonly mode?: 'network' | 'pause' | 'none'
  readonly service: JsonObject
}
