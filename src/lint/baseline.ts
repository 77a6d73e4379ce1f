import type { LintFinding, Report } from './report.ts'

/** Findings that were there before somebody began to lint: these are let be, new ones are told. */
export interface Baseline {
  readonly v: 1
  readonly findings: readonly {
    readonly fingerprint: string
    readonly check: string
    readonly subject: string
  }[]
}

export function baselineOf({ findings, waived }: Report): string {
  const entries = [...findings, ...waived]
    .map(({ fingerprint, check, subject }) => ({ fingerprint, check, subject }))
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
  return `${JSON.stringify({ v: 1, findings: entries } satisfies Baseline, null, 2)}\n`
}

/** Throws TypeError for a text that is no baseline. */
export function readBaseline(text: string): Baseline {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new TypeError('it is no JSON')
  }
  const { v, findings } = (value ?? {}) as { v?: unknown; findings?: unknown }
  const isFinding = (each: unknown) =>
    typeof (each as { fingerprint?: unknown } | null)?.fingerprint === 'string'
  if (v !== 1 || !Array.isArray(findings) || !findings.every(isFinding))
    throw new TypeError('it is no baseline of this version; write it anew with --write-baseline')
  return value as Baseline
}

/** What is new since the baseline; each entry of it lets one finding be. */
export function since({ findings }: Baseline, report: Report): Report {
  const left = new Map<string, number>()
  for (const { fingerprint } of findings) left.set(fingerprint, (left.get(fingerprint) ?? 0) + 1)
  const isNew = ({ fingerprint }: LintFinding) => {
    const count = left.get(fingerprint) ?? 0
    left.set(fingerprint, count - 1)
    return count <= 0
  }
  return { ...report, findings: report.findings.filter(isNew) }
}
