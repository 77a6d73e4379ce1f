import type { Path } from './json.ts'

export type Severity = 'error' | 'warning' | 'info'

/** One thing to tell about a manifest, by the injector or by the linter. */
export interface Finding {
  /** Stable: `SC001` of a check, or words of the injector such as `host-network`. */
  readonly code: string
  readonly severity: Severity
  /** Where in the document, from its root. */
  readonly path: Path
  /** What is so, one line, without a full stop. */
  readonly message: string
  /** How to mend it. */
  readonly hint?: string
}
