import type { Catalogue } from '../injection/catalogue/catalogue.ts'
import type { Severity } from '../manifests/finding.ts'
import type { Json, JsonObject, Path } from '../manifests/json.ts'
import type { PodContainer, Workload } from '../manifests/workload.ts'

/** One check, one file: `checks/sc001-too-many-sidecars.ts` exports it as `check`. */
export interface Check {
  /** `SC001`. */
  readonly id: string
  /** Kebab-case, for people: `too-many-sidecars`. */
  readonly name: string
  readonly severity: Severity
  readonly title: string
  /** What goes wrong without the mend, a few sentences, with the version of Kubernetes where it matters. */
  readonly why: string
  /** Whole manifests: the first has the finding, the second has not. Tests run both. */
  readonly bad: string
  readonly good: string
  readonly mend: string
  /** Called once for each workload (or service of Compose) that it is about. */
  readonly pod?: (subject: PodSubject) => Iterable<Found>
  readonly compose?: (subject: ComposeSubject) => Iterable<Found>
}

/** What a check says: `path` from the root of the document. The id and severity are the check's, unless given. */
export interface Found {
  readonly path: Path
  readonly message: string
  readonly hint?: string
  readonly severity?: Severity
  /** Where the mend is mechanical. */
  readonly fix?: readonly Fix[]
}

/** An edit of the document, as JSON Patch with paths from the root of the document. */
export interface Fix {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: Path
  readonly value?: Json
}

/** A pod template with all that stands around it. */
export interface PodSubject {
  readonly workload: Workload
  readonly document: JsonObject
  /** The whole object: the Deployment, the Pod. */
  readonly object: JsonObject
  /** What holds the pod's metadata and spec. */
  readonly template: JsonObject
  readonly containers: readonly PodContainer[]
  /** The containers that are sidecars: native ones, and those that catalogue, image or name tell. */
  readonly sidecars: readonly PodContainer[]
  readonly apps: readonly PodContainer[]
  /** From a path in the template to one in the document. */
  path(...steps: Path): Path
  /** All that is linted together: HPAs and Services beside the workload. */
  readonly world: World
}

export interface ComposeSubject {
  readonly document: JsonObject
  readonly services: Readonly<Record<string, JsonObject>>
  readonly world: World
}

export interface World {
  readonly catalogue: Catalogue
  /** Of the target cluster; default: new enough for native sidecars. */
  readonly kubernetes: { readonly major: number; readonly minor: number }
  /** Every object of Kubernetes in all given files. */
  readonly objects: readonly JsonObject[]
  readonly settings: {
    /** SC001: from here a warning; above it an error. Default 3. */
    readonly maxSidecars: number
    /** SC005: percent of the application's requests. Default 50. */
    readonly maxOverheadPercent: number
  }
}
