import type { Log, Notification, Result } from 'sarif'
import type { Severity } from '../../manifests/finding.ts'
import { WAIVER_CHECK } from '../lint.ts'
import type { LintFinding, WaivedFinding } from '../report.ts'
import type { Shown } from './outputs.ts'

const LEVEL: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
}

/** SARIF 2.1.0 (OASIS), as code scanning services take it. Waived findings are suppressed ones, with their reason. */
export function sarif({ report, checks, version }: Shown): string {
  const rules = [
    ...checks.map(({ id, name, title, why, mend, severity }) => ({
      id,
      name: pascal(name),
      shortDescription: { text: title },
      fullDescription: { text: why },
      help: { text: mend },
      defaultConfiguration: { level: LEVEL[severity] },
    })),
    {
      id: WAIVER_CHECK.id,
      name: pascal(WAIVER_CHECK.name),
      shortDescription: { text: 'A waiver waives nothing' },
      defaultConfiguration: { level: LEVEL[WAIVER_CHECK.severity] },
    },
  ]
  const indexOf = new Map(rules.map(({ id }, index) => [id, index]))
  const result = (finding: LintFinding | WaivedFinding): Result => ({
    ruleId: finding.check,
    ruleIndex: indexOf.get(finding.check)!,
    level: LEVEL[finding.severity],
    message: { text: finding.hint === undefined ? finding.message : `${finding.message}. ${finding.hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(finding.file) },
          region: { startLine: finding.position.line, startColumn: finding.position.column },
        },
        logicalLocations: [{ fullyQualifiedName: finding.subject }],
      },
    ],
    partialFingerprints: { 'outrigger/v1': finding.fingerprint },
    ...('reason' in finding && { suppressions: [{ kind: 'inSource', justification: finding.reason }] }),
  })
  const notifications = report.problems.map(
    ({ file, position, message }): Notification => ({
      level: 'error',
      message: { text: message },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: uriOf(file) },
            ...(position && { region: { startLine: position.line, startColumn: position.column } }),
          },
        },
      ],
    }),
  )
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'outrigger', semanticVersion: version, rules } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          { executionSuccessful: report.problems.length === 0, toolExecutionNotifications: notifications },
        ],
        results: [...report.findings, ...report.waived].map(result),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function uriOf(file: string): string {
  if (file === '-') return 'stdin'
  return file.toWellFormed().split('/').map(encodeURIComponent).join('/')
}

function pascal(name: string): string {
  return name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
