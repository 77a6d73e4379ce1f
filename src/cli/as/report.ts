import type { Finding } from '../../personalities/finding.ts'

/** Where a finding stands: `agent.hcl:12:5`, or the flag or variable. */
export function placeText({ place: { file, line, column } }: Pick<Finding, 'place'>): string {
  return line === 0 ? file : `${file}:${line}:${column}`
}

/** A finding in one line, for the log. */
export function findingLine(finding: Finding): string {
  const { subject, message, hint } = finding
  const about = subject === '' ? message : `${subject} ${message}`
  return `${placeText(finding)}: ${about}${hint === undefined ? '' : ` (${hint})`}`
}

/** Findings as a report for people. */
export function findingReport(findings: readonly Finding[]): string {
  return findings
    .map(finding => {
      const { subject, message, hint } = finding
      const head = subject === '' ? placeText(finding) : `${placeText(finding)}  ${subject}`
      return `${head}\n    ${message}${hint === undefined ? '' : `\n    hint: ${hint}`}\n`
    })
    .join('')
}
