/** A set of UTF-16 code units: ranges `[first, last]` in ascending order that neither overlap nor touch. */
export type CodeSet = readonly (readonly [first: number, last: number])[]

export const LAST_CODE = 0xffff
export const EVERY_CODE: CodeSet = [[0, LAST_CODE]]

/** What JavaScript and Ruby mean by these letters behind a backslash; both take `\s` for more than ASCII or less. */
export const DIGITS: CodeSet = codeSet('09')
export const WORDS: CodeSet = codeSet('09', 'AZ', '__', 'az')
export const HEX_DIGITS: CodeSet = codeSet('09', 'AF', 'af')
/** ECMA-262 WhiteSpace and LineTerminator. */
export const SPACES: CodeSet = union([
  ...codeSet('\t\r', '  ', '\u00a0\u00a0', '\u1680\u1680', '\u2000\u200a', '\u2028\u2029', '\u202f\u202f'),
  ...codeSet('\u205f\u205f', '\u3000\u3000', '\ufeff\ufeff'),
])
export const LINE_ENDS: CodeSet = codeSet('\n\n', '\r\r', '\u2028\u2029')

/** Ranges as pairs of characters. */
export function codeSet(...pairs: readonly string[]): CodeSet {
  return pairs.map(pair => [pair.charCodeAt(0), pair.charCodeAt(1)] as const)
}

/** Puts ranges in any order into the form of a set. */
export function union(ranges: CodeSet): CodeSet {
  const merged: [number, number][] = []
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const before = merged[merged.length - 1]
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else merged.push([first, last])
  }
  return merged
}

export function complement(set: CodeSet): CodeSet {
  const gaps: [number, number][] = []
  let from = 0
  for (const [first, last] of set) {
    if (first > from) gaps.push([from, first - 1])
    from = last + 1
  }
  if (from <= LAST_CODE) gaps.push([from, LAST_CODE])
  return gaps
}

export function intersection(one: CodeSet, other: CodeSet): CodeSet {
  return complement(union([...complement(one), ...complement(other)]))
}

export function contains(set: CodeSet, code: number): boolean {
  for (const [first, last] of set) if (code <= last) return code >= first
  return false
}

/** The set as a class of JavaScript, whichever of it and its complement is shorter. */
export function printSet(set: CodeSet): string {
  const inverse = complement(set)
  const negated = inverse.length < set.length
  return `[${negated ? '^' : ''}${printRanges(negated ? inverse : set)}]`
}

/** What stands between the brackets. */
export function printRanges(set: CodeSet): string {
  return set
    .map(([first, last]) => {
      if (first === last) return printCode(first)
      return `${printCode(first)}${last === first + 1 ? '' : '-'}${printCode(last)}`
    })
    .join('')
}

/** A code unit as it may stand inside of a class and outside. */
export function printCode(code: number): string {
  const char = String.fromCharCode(code)
  if (/[A-Za-z0-9_ !"#%&',:;<=>@`~]/.test(char)) return char
  if (/[$()*+./?[\\\]^{|}-]/.test(char)) return `\\${char}`
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
