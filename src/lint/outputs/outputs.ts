import type { Manifests } from '../../manifests/read.ts'
import type { Check } from '../check.ts'
import type { Report } from '../report.ts'
import { github } from './github.ts'
import { json } from './json.ts'
import { junit } from './junit.ts'
import { sarif } from './sarif.ts'
import { text } from './text.ts'

/** All that an output may show. */
export interface Shown {
  readonly report: Report
  /** As they were read, for excerpts. */
  readonly files: readonly Manifests[]
  /** Those that ran. */
  readonly checks: readonly Check[]
  /** Of Outrigger. */
  readonly version: string
  /** For a terminal. */
  readonly color: boolean
}

/** Writes a report as a whole text. */
export type Output = (shown: Shown) => string

export const OUTPUTS = { text, json, sarif, junit, github } satisfies Record<string, Output>
export type Format = keyof typeof OUTPUTS
