import type { Severity } from '../../manifests/finding.ts'
import type { Shown } from './outputs.ts'

const COMMAND: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'notice' }

/** Workflow commands of GitHub Actions: each finding becomes a note at its line of a pull request. */
export function github({ report }: Shown): string {
  const findings = report.findings.map(({ severity, file, position, check, name, message, hint }) =>
    command(
      COMMAND[severity],
      { file, ...position, title: `${check} ${name}` },
      hint === undefined ? message : `${message}\nhint: ${hint}`,
    ),
  )
  const problems = report.problems.map(({ file, position, message }) =>
    command('error', { file, ...position, title: 'cannot be read' }, message),
  )
  return [...findings, ...problems].map(line => `${line}\n`).join('')
}

interface Properties {
  /** `-`, standard input, is no file of the pull request. */
  readonly file: string
  readonly line?: number
  readonly column?: number
  readonly title: string
}

function command(name: string, { file, line, column, title }: Properties, message: string): string {
  const places = [
    ...(file === '-' ? [] : [`file=${property(file)}`]),
    ...(line === undefined ? [] : [`line=${line}`, `col=${column}`]),
  ]
  return `::${name} ${[...places, `title=${property(title)}`].join(',')}::${data(message)}`
}

/** What ends a command or begins another one is escaped, as the runner undoes it. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
