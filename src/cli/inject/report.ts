import type { Located } from '../../kernel/config/parse.ts'
import { formatPath } from '../../kernel/config/report.ts'
import type { Finding, Severity } from '../../manifests/finding.ts'
import type { ManifestDocument } from '../../manifests/read.ts'
import type { Io, Screen } from '../io.ts'

/** Longer lists of workloads are counted, not shown one by one. */
const MAX_LINES = 50

/** A finding and the document that it is about. */
export type Told = Finding & { readonly document: ManifestDocument }

/** What came of one workload (or service), in words. */
export interface Result {
  /** `Deployment shop/web`. */
  readonly subject: string
  readonly outcome: string
  /** Behind the outcome, on the same line. */
  readonly detail: string
  /** Whether it is worth a line of its own; the others are counted. */
  readonly isQuiet: boolean
  /** With --explain, each on a line. */
  readonly reasons: readonly string[]
}

const COLOURS: Readonly<Record<Severity, string>> = { error: '31', warning: '33', info: '36' }

/** What cannot be read, by place, and that nothing was written. */
export function problemsText(problems: readonly Located[], { stderr, env }: Io): string {
  const paint = painter(stderr, env)
  const blocks = problems.map(({ file, position, path, message, hint }) => {
    const place = position === undefined ? file : `${file}:${position.line}:${position.column}`
    const head = path.length === 0 ? place : `${place}  ${formatPath(path)}`
    return `${paint('1', head)}\n    ${message}${hint === undefined ? '' : `\n    hint: ${hint}`}\n`
  })
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return `${blocks.join('')}${count}, nothing was written.\n`
}

/** Findings by place; what is merely good to know only if it is asked for. */
export function findingsText(told: readonly Told[], { stderr, env }: Io, withInfo: boolean): string {
  const paint = painter(stderr, env)
  const errors = new Set(told.filter(({ severity }) => severity === 'error').map(identity))
  return told
    .filter(each => each.severity === 'error' || !errors.has(identity(each)))
    .filter(({ severity }) => withInfo || severity !== 'info')
    .map(({ document, path, severity, message, code, hint }) => {
      const { line, column } = document.locate(path, 'key')
      const place = paint('1', `${document.file}:${line}:${column}`)
      const where = path.length === 0 ? '' : `  ${printable(formatPath(path))}`
      const mend = hint === undefined ? '' : `\n    hint: ${printable(hint)}`
      return `${place}${where}\n    ${paint(COLOURS[severity], severity)}: ${printable(message)} (${code})${mend}\n`
    })
    .join('')
}

/** A thing that is told twice, once as an error, is told as that. */
function identity({ document, path, message }: Told): string {
  return JSON.stringify([document.file, document.locate(path, 'key'), message])
}

/** A line for each workload, and how many there are of each outcome. */
export function summaryText(
  results: readonly Result[],
  { stderr, env }: Io,
  { explain, failed }: { explain: boolean; failed: boolean },
): string {
  const paint = painter(stderr, env)
  const lines = results
    .filter(({ isQuiet }) => explain || !isQuiet)
    .flatMap(({ subject, outcome, detail, reasons }) => [
      `${paint('1', printable(subject))}: ${outcome}${detail === '' ? '' : `, ${printable(detail)}`}`,
      ...(explain ? reasons.map(reason => `    ${printable(reason)}`) : []),
    ])
  const shown = explain ? lines : lines.slice(0, MAX_LINES)
  const more = lines.length - shown.length
  const counts = new Map<string, number>()
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  const counted = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
  const workloads = results.length === 1 ? '1 workload' : `${results.length} workloads`
  const total = results.length === 0 ? 'no workloads' : `${workloads}: ${counted}`
  return `${[...shown, ...(more > 0 ? [`… and ${more} more`] : []), `${total}${failed ? '; nothing was written' : ''}`].join('\n')}\n`
}

/** Names come out of manifests: nothing in them may steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n]/gu, char => `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}

/** Colours for a terminal that wants them (https://no-color.org). */
export function painter(screen: Screen, env: Io['env']): (codes: string, text: string) => string {
  if (screen.isTTY !== true || env['NO_COLOR'] !== undefined) return (_, text) => text
  return (codes, text) => `\u001b[${codes}m${text}\u001b[0m`
}
