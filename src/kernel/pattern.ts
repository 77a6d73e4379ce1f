/** A user's regular expression, or what is wrong with its source. */
export type Pattern = { readonly regex: RegExp } | { readonly reason: string; readonly hint: string }

let guarded = false

/**
 * Compiles a user's pattern so that no line can make it run away: when a match backtracks too much, the engine goes
 * over to its linear-time matcher. That one knows neither look-around nor back-references nor letters of any case, so
 * a pattern that has these and a repetition inside a repetition is refused.
 */
export function compilePattern(source: string, flags = ''): Pattern {
  guardAgainstBacktracking()
  let regex: RegExp
  try {
    regex = new RegExp(source, flags)
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: \/.*\/\w*: /s, '')
    return { reason, hint: HINT }
  }
  if ((BACKTRACKING_ONLY.test(source) || /[iuvd]/.test(flags)) && nestsRepetitions(source)) {
    return {
      reason: 'it can take exponential time',
      hint: 'write it without the repetition inside a repetition, or without look-around, back-references and (?i:',
    }
  }
  return { regex }
}

/** What the configuration's reader is told of a pattern that cannot be used. */
export function patternProblem(source: string, reason: string): string {
  return `expected a regular expression, got ${JSON.stringify(source)}: ${reason}`
}

const HINT = 'the syntax is that of JavaScript; in double-quoted YAML each backslash is written twice'

/** Look-around, flags for a part, back-references by number or name. */
const BACKTRACKING_ONLY = /\(\?(?:<?[=!]|[ims-]+:)|\\[1-9]|\\k</

/** Whether some group that repeats without bound has in it something else that does. */
function nestsRepetitions(source: string): boolean {
  const text = source.replace(/\\./gs, 'x').replace(/\[[^\]]*\]/g, 'x')
  const repeatsInside: boolean[] = [false]
  for (let at = 0; at < text.length; at++) {
    const unbounded = /^(?:[*+]|\{\d*,\})/.test(text.slice(at))
    if (text[at] === '(') repeatsInside.push(false)
    else if (text[at] === ')' && repeatsInside.length > 1) {
      const inside = repeatsInside.pop() === true
      const repeated = /^(?:[*+]|\{\d*,\})/.test(text.slice(at + 1))
      if (inside && repeated) return true
      if (inside || repeated) repeatsInside[repeatsInside.length - 1] = true
    } else if (unbounded) repeatsInside[repeatsInside.length - 1] = true
  }
  return false
}

/** The engine's switch holds for the whole process and for patterns without the flags u, v and i. */
function guardAgainstBacktracking(): void {
  if (guarded) return
  guarded = true
  process
    .getBuiltinModule('node:v8')
    .setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
}
