import type { Catalogue } from '../injection/catalogue/catalogue.ts'
import { type Manifests, readManifests } from '../manifests/read.ts'
import { checks } from './checks/index.ts'
import { type LintOptions, lint } from './lint.ts'
import type { Report } from './report.ts'

const NOTHING: Catalogue = { entries: [], find: name => ({ ok: false, message: `no ${name}` }) }

/** For tests: the report on one text, by all checks unless told otherwise. */
export function linted(text: string, options: Partial<LintOptions> = {}): Report {
  return lintedFile(readManifests('manifest.yaml', text), options)
}

export function lintedFile(file: Manifests, options: Partial<LintOptions> = {}): Report {
  return lint([file], {
    checks,
    known: checks.map(({ id }) => id),
    catalogue: NOTHING,
    kubernetes: { major: 1, minor: 34 },
    settings: { maxSidecars: 3, maxOverheadPercent: 50 },
    ...options,
  })
}
