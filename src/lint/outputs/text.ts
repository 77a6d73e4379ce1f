import type { Located } from '../../kernel/config/parse.ts'
import { noteText } from '../../kernel/config/report.ts'
import type { Severity } from '../../manifests/finding.ts'
import type { LintFinding, Report } from '../report.ts'
import type { Shown } from './outputs.ts'

const COLORS: Readonly<Record<Severity, string>> = {
  error: '\u001b[31m',
  warning: '\u001b[33m',
  info: '\u001b[36m',
}
const DIM = '\u001b[2m'
const BOLD = '\u001b[1m'
const RESET = '\u001b[0m'
const MAX_EXCERPT = 160

/** For people: by file, each finding with its line of the file and the way to mend it, and a line that sums up. */
export function text({ report, files, color }: Shown): string {
  const paint = (code: string, what: string) => (color ? `${code}${what}${RESET}` : what)
  const blocks: string[] = []
  for (const { file, text: source } of files) {
    const findings = report.findings.filter(each => each.file === file)
    if (findings.length === 0) continue
    const lines = source.split(/\r?\n/)
    for (const each of findings) blocks.push(findingText(each, lines[each.position.line - 1], paint))
  }
  const problems = report.problems.map(problemText)
  return `${blocks.join('\n')}${blocks.length > 0 ? '\n' : ''}${problems.join('')}${summary(report)}\n`
}

/** What cannot be read, with its place. */
export function problemText(problem: Located): string {
  const hint = problem.hint === undefined ? '' : `\n    hint: ${problem.hint}`
  return `${noteText(problem)}${hint}\n`
}

function findingText(
  { file, position, severity, check, name, subject, message, hint }: LintFinding,
  line: string | undefined,
  paint: (code: string, what: string) => string,
): string {
  const place = `${harmless(file)}:${position.line}:${position.column}`
  const head = `${paint(BOLD, place)}  ${paint(COLORS[severity], severity)}  ${check} ${name}  ${paint(DIM, harmless(subject))}`
  const rows = [head, `    ${harmless(message)}`]
  if (line !== undefined && line.trim() !== '') rows.push(paint(DIM, `    | ${harmless(excerpt(line))}`))
  if (hint !== undefined) rows.push(`    hint: ${harmless(hint)}`)
  return `${rows.join('\n')}\n`
}

function excerpt(line: string): string {
  const trimmed = line.trim()
  return trimmed.length > MAX_EXCERPT ? `${trimmed.slice(0, MAX_EXCERPT)}…` : trimmed
}

/** What a terminal would act on is shown as strings write it: manifests come from anywhere. */
export function harmless(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f]/g,
    each => `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function summary({ findings, waived, problems, subjects, files }: Report): string {
  const count = (number: number, one: string, more = `${one}s`) => `${number} ${number === 1 ? one : more}`
  const of = (severity: Severity) => findings.filter(each => each.severity === severity).length
  const parts = [
    count(of('error'), 'error'),
    count(of('warning'), 'warning'),
    ...(of('info') > 0 ? [`${of('info')} to know`] : []),
    ...(waived.length > 0 ? [`${waived.length} waived`] : []),
    ...(problems.length > 0 ? [`${count(problems.length, 'document')} that cannot be read`] : []),
  ]
  return `${count(subjects, 'workload')} in ${count(files, 'file')}: ${parts.join(', ')}`
}
