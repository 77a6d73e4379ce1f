import { parseRegex } from '../wire/regex/parse.ts'
import { printLinear } from '../wire/regex/print-linear.ts'
import { timeDegree } from '../wire/regex/time-degree.ts'
import { BoundedRegExp } from './bounded-regexp.ts'

/** A user's regular expression, or what is wrong with its source. */
export type Pattern = { readonly regex: RegExp } | { readonly reason: string; readonly hint: string }

/** How long a text may be that a pattern is held against which is linear in any case. */
export const MAX_TEXT = 1024 * 1024
/** The same for patterns that need the slower engine for longer texts; less where the pattern is long. */
export const MAX_LINEAR_TEXT = 64 * 1024
/** That engine's time is the length of the text times the size of the pattern: this product takes some 0.2 s at worst. */
const MAX_LINEAR_WORK = 1024 * 1024
/** Up to this length the fast engine is tried first, whatever the pattern is: its square is some milliseconds. */
const SHORT_TEXT = 2048

/**
 * Compiles a user's pattern so that no line can hold the loop. Flags are those of g, i, m and s.
 *
 * - A pattern that is linear on the fast engine in any case (`timeDegree`) runs there.
 * - Others run there on short texts, with V8's switch to its linear-time engine when a match backtracks too much, and on
 *   that engine from the start for longer ones: the switch does not see all that a loop may do.
 * - What that engine cannot do (look-ahead, back-references) is refused when it may cost more than the square of the
 *   text, and else held against short texts only.
 *
 * Texts longer than what a pattern is held against do not match; under the flag g all of them does, so that what is
 * searched in order to be hidden stays hidden.
 */
export function compilePattern(source: string, flags = ''): Pattern {
  useLinearEngine()
  let fast: RegExp
  try {
    fast = unguarded(source, flags)
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: \/.*\/\w*: /s, '')
    return { reason, hint: HINT }
  }
  const regex = parseRegex(source, flags)
  const degree = regex === undefined || /[uvy]/.test(flags) ? Number.POSITIVE_INFINITY : timeDegree(regex)
  if (degree <= 1) return { regex: new BoundedRegExp(fast, undefined, MAX_TEXT, 0) }
  const linear = regex && linearEngine(regex, source, flags)
  if (linear !== undefined) {
    return { regex: new BoundedRegExp(linear.guarded, linear.linear, SHORT_TEXT, linear.maxText) }
  }
  if (degree <= 2) return { regex: new BoundedRegExp(fast, undefined, SHORT_TEXT, 0) }
  return {
    reason: Number.isFinite(degree)
      ? `its time may grow as the length of the line to the power of ${degree}`
      : 'it can take exponential time',
    hint: 'write it without look-ahead and back-references, or without repetitions that may share characters',
  }
}

/** What the configuration's reader is told of a pattern that cannot be used. */
export function patternProblem(source: string, reason: string): string {
  return `expected a regular expression, got ${JSON.stringify(source)}: ${reason}`
}

const HINT = 'the syntax is that of JavaScript; in double-quoted YAML each backslash is written twice'

/** The pattern for V8's linear-time engine: as it stands, or in other words when it does not take it so. */
function linearEngine(
  regex: NonNullable<ReturnType<typeof parseRegex>>,
  source: string,
  flags: string,
): { readonly guarded: RegExp; readonly linear: RegExp; readonly maxText: number } | undefined {
  const kept = flags.replace(/[im]/g, '')
  const printed = printLinear(regex)
  if (printed === undefined) return undefined
  const maxText = Math.min(MAX_LINEAR_TEXT, Math.max(SHORT_TEXT, Math.floor(MAX_LINEAR_WORK / printed.size)))
  const ways = [
    { source, flags },
    { source: printed.source, flags: kept + printed.flags },
  ]
  for (const { source, flags } of ways) {
    try {
      // The flag l is V8's own; a pattern that its engine does not take is refused here.
      const linear = new RegExp(source, `${flags}l`)
      // V8 keeps what it compiled, by source: with the empty group this one is compiled anew, and has the switch.
      return { guarded: new RegExp(`(?:${source})(?:)`, flags), linear, maxText }
    } catch {}
  }
  return undefined
}

/** An expression that stays on the fast engine however much it backtracks. */
function unguarded(source: string, flags: string): RegExp {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  setFlagsFromString('--no-enable-experimental-regexp-engine-on-excessive-backtracks')
  try {
    return new RegExp(source, flags)
  } finally {
    setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
  }
}

let inUse = false

/** The switches hold for the whole process: any expression goes over to the linear engine before it runs away. */
function useLinearEngine(): void {
  if (inUse) return
  inUse = true
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  setFlagsFromString('--enable-experimental-regexp-engine')
  setFlagsFromString('--regexp-backtracks-before-fallback=2000')
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
}
