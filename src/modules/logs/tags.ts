import type { Problem } from '../../kernel/config/problem.ts'
import { compilePattern, patternProblem } from '../../kernel/pattern.ts'

/** For people: how tags are chosen. */
export const TAGS_NOTATION =
  '`*` stands for any text; between slashes stands a regular expression: `/^kube\\./`'

/** How many verdicts are remembered; tags are few, unless senders make them up. */
const MAX_REMEMBERED = 1000

/** Whether a tag is meant. */
export type TagFilter = (tag: string) => boolean

/** Tags that fit one of the patterns, which have passed `checkTags`. Verdicts are remembered, so that it costs a look-up. */
export function compileTags(patterns: readonly string[]): TagFilter {
  const tests = patterns.map(compileOne)
  const verdicts = new Map<string, boolean>()
  return tag => {
    const known = verdicts.get(tag)
    if (known !== undefined) return known
    const verdict = tests.some(test => test(tag))
    if (verdicts.size >= MAX_REMEMBERED) verdicts.clear()
    verdicts.set(tag, verdict)
    return verdict
  }
}

/** What is wrong with patterns of tags in the configuration; `path` is the list's. */
export function checkTags(patterns: readonly string[], path: Problem['path']): Problem[] {
  return patterns.flatMap((pattern, index) => {
    const source = expression(pattern)
    if (source === undefined) return []
    const compiled = compilePattern(source)
    if (!('reason' in compiled)) return []
    return [{ path: [...path, index], message: patternProblem(source, compiled.reason), hint: compiled.hint }]
  })
}

/** The tag that an input gives: `*` in its pattern is the path, with dots between its parts. */
export function expandTag(pattern: string, path: string): string {
  const at = pattern.indexOf('*')
  if (at < 0) return pattern
  return pattern.slice(0, at) + path.replace(/^\/+/, '').replaceAll('/', '.') + pattern.slice(at + 1)
}

function compileOne(pattern: string): TagFilter {
  const source = expression(pattern)
  if (source !== undefined) {
    const compiled = compilePattern(source)
    if ('reason' in compiled) throw new Error(compiled.reason)
    return tag => compiled.regex.test(tag)
  }
  const pieces = pattern.split('*')
  return tag => fits(tag, pieces)
}

/** `pieces` is what stands between the stars; each is looked for behind the one before. */
function fits(tag: string, pieces: readonly string[]): boolean {
  const first = pieces[0]
  if (pieces.length === 1) return tag === first
  const last = pieces[pieces.length - 1]
  if (tag.length < first.length + last.length || !tag.startsWith(first) || !tag.endsWith(last)) return false
  let at = first.length
  for (let index = 1; index < pieces.length - 1; index++) {
    const found = tag.indexOf(pieces[index], at)
    if (found < 0) return false
    at = found + pieces[index].length
  }
  return at <= tag.length - last.length
}

function expression(pattern: string): string | undefined {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
    ? pattern.slice(1, -1)
    : undefined
}
