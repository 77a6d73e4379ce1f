import type { Located } from '../kernel/config/parse.ts'
import type { Position } from '../kernel/config/position.ts'
import type { Severity } from '../manifests/finding.ts'
import type { Path } from '../manifests/json.ts'
import type { Fix } from './check.ts'

/** One finding with its place in a file. */
export interface LintFinding {
  /** Id of the check: `SC001`. */
  readonly check: string
  /** `too-many-sidecars`. */
  readonly name: string
  readonly severity: Severity
  readonly file: string
  readonly position: Position
  /** From the root of its document. */
  readonly path: Path
  /** `Deployment shop/web`, or `service web`. */
  readonly subject: string
  readonly message: string
  readonly hint?: string
  readonly fix?: readonly Fix[]
  /** Which document of the file, counted from 0 over those that can be read. */
  readonly document: number
  /** The same as long as the same is wrong with the same workload, wherever it stands in its file. */
  readonly fingerprint: string
}

export interface WaivedFinding extends LintFinding {
  readonly reason: string
}

export interface Report {
  /** By file in the order given, then by place. */
  readonly findings: readonly LintFinding[]
  readonly waived: readonly WaivedFinding[]
  /** Documents that cannot be read. */
  readonly problems: readonly Located[]
  readonly files: number
  /** Workloads and services of Compose that were looked at. */
  readonly subjects: number
}

const WEIGHT: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 }

export function atLeast(severity: Severity, threshold: Severity): boolean {
  return WEIGHT[severity] >= WEIGHT[threshold]
}
