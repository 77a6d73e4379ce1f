import type { Shown } from './outputs.ts'

/** For programs: `{ version, summary, findings, waived, problems }`. */
export function json({ report, version }: Shown): string {
  const { findings, waived, problems, files, subjects } = report
  const of = (severity: string) => findings.filter(each => each.severity === severity).length
  const summary = {
    ...{ files, workloads: subjects, errors: of('error'), warnings: of('warning'), infos: of('info') },
    ...{ waived: waived.length, unreadable: problems.length },
  }
  return `${JSON.stringify({ version, summary, findings, waived, problems }, null, 2)}\n`
}
