import { nearest } from '../../kernel/config/suggest.ts'
import type { Check } from '../../lint/check.ts'
import { table, wrap } from '../layout.ts'

export interface Explained {
  readonly ok: boolean
  readonly text: string
}

/** Without a name all checks as a table; else why one is there, a bad and a good example, and the mend. */
export function explanationOf(names: readonly string[], checks: readonly Check[], width: number): Explained {
  if (names.length === 0) {
    const rows = checks.map(({ id, severity, name, title }) => [id, severity, name, title])
    return { ok: true, text: `${table(rows, { indent: 0, width }).join('\n')}\n` }
  }
  const blocks: string[] = []
  for (const name of names) {
    const check = checks.find(each => each.id === name.toUpperCase() || each.name === name)
    if (check === undefined) {
      const near = nearest(
        name,
        checks.flatMap(each => [each.id, each.name]),
      )
      const hint = near === undefined ? '; outrigger lint --explain lists them' : `; did you mean ${near}?`
      return { ok: false, text: `outrigger lint: there is no check "${name}"${hint}\n` }
    }
    blocks.push(explained(check, width))
  }
  return { ok: true, text: blocks.join('\n') }
}

function explained({ id, name, severity, title, why, mend, bad, good }: Check, width: number): string {
  const paragraph = (text: string) => wrap(text, Math.min(width, 100)).join('\n')
  const example = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map(line => `    ${line}`)
      .join('\n')
  return `${id} ${name} (${severity})\n${title}\n\n${paragraph(why)}\n\nBad:\n\n${example(bad)}\n\nGood:\n\n${example(good)}\n\nMend: ${paragraph(mend)}\nWaive: outrigger.dev/lint-ignore.${id}: the reason\n`
}
