import type { Problem } from '../../kernel/config/problem.ts'
import { compilePattern, patternProblem } from '../../kernel/pattern.ts'

/** For people: how tags and names of fields are chosen. */
export const PATTERN_NOTATION =
  '`*` stands for any text; between slashes stands a regular expression: `/^kube\\./`'

/** How many verdicts are remembered; tags and names are few, unless senders make them up. */
const MAX_REMEMBERED = 1000

/** Whether a tag or a name is meant. */
export type TextFilter = (text: string) => boolean

/** Texts that fit one of the patterns, which have passed `checkPatterns`. Verdicts are remembered, so that it costs a look-up. */
export function compilePatterns(patterns: readonly string[]): TextFilter {
  const tests = patterns.map(compileOne)
  const verdicts = new Map<string, boolean>()
  return text => {
    const known = verdicts.get(text)
    if (known !== undefined) return known
    const verdict = tests.some(test => test(text))
    if (verdicts.size >= MAX_REMEMBERED) verdicts.clear()
    verdicts.set(text, verdict)
    return verdict
  }
}

/** What is wrong with patterns in the configuration; `path` is the list's. */
export function checkPatterns(patterns: readonly string[], path: Problem['path']): Problem[] {
  return patterns.flatMap((pattern, index) => {
    const source = expression(pattern)
    if (source === undefined) return []
    const compiled = compilePattern(source)
    if (!('reason' in compiled)) return []
    return [{ path: [...path, index], message: patternProblem(source, compiled.reason), hint: compiled.hint }]
  })
}

function compileOne(pattern: string): TextFilter {
  const source = expression(pattern)
  if (source !== undefined) {
    const compiled = compilePattern(source)
    if ('reason' in compiled) throw new Error(compiled.reason)
    return text => compiled.regex.test(text)
  }
  const pieces = pattern.split('*')
  return text => fits(text, pieces)
}

/** `pieces` is what stands between the stars; each is looked for behind the one before. */
function fits(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0]
  if (pieces.length === 1) return text === first
  const last = pieces[pieces.length - 1]
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false
  let at = first.length
  for (let index = 1; index < pieces.length - 1; index++) {
    const found = text.indexOf(pieces[index], at)
    if (found < 0) return false
    at = found + pieces[index].length
  }
  return at <= text.length - last.length
}

function expression(pattern: string): string | undefined {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
    ? pattern.slice(1, -1)
    : undefined
}
