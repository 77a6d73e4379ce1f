import {
  type CodeSet,
  codeSet,
  complement,
  DIGITS,
  HEX_DIGITS,
  intersection,
  printCode,
  printRanges,
  printSet,
  SPACES,
  union,
  WORDS,
} from './code-set.ts'
import { OnigmoProblem } from './onigmo-problem.ts'

/** POSIX brackets and the properties of the same names, in ASCII. */
const POSIX: Readonly<Record<string, CodeSet>> = {
  alnum: codeSet('09', 'AZ', 'az'),
  alpha: codeSet('AZ', 'az'),
  ascii: codeSet('\0\x7f'),
  blank: codeSet('\t\t', '  '),
  cntrl: codeSet('\0\x1f', '\x7f\x7f'),
  digit: DIGITS,
  graph: codeSet('!~'),
  lower: codeSet('az'),
  print: codeSet(' ~'),
  punct: codeSet('!/', ':@', '[`', '{~'),
  space: codeSet('\t\r', '  '),
  upper: codeSet('AZ'),
  word: WORDS,
  xdigit: HEX_DIGITS,
}

/** The letters behind a backslash that stand for many characters; `text` is how JavaScript writes it in a class. */
const SHORTHANDS: Readonly<Record<string, { readonly set: CodeSet; readonly text: string }>> = {
  d: { set: DIGITS, text: '\\d' },
  D: { set: complement(DIGITS), text: '\\D' },
  w: { set: WORDS, text: '\\w' },
  W: { set: complement(WORDS), text: '\\W' },
  s: { set: SPACES, text: '\\s' },
  S: { set: complement(SPACES), text: '\\S' },
  h: { set: HEX_DIGITS, text: '0-9a-fA-F' },
  H: { set: complement(HEX_DIGITS), text: printRanges(complement(HEX_DIGITS)) },
}

const CONTROLS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7, e: 27, b: 8 }

/** What a class or a property means, how JavaScript writes it, and the position behind it. */
export interface OnigmoClass {
  readonly set: CodeSet
  readonly text: string
  readonly end: number
}

/** Reads the class whose bracket is at `open`; nested classes and intersections are worked out. */
export function readClass(source: string, open: number): OnigmoClass {
  let at = open + 1
  const negated = source[at] === '^'
  if (negated) at++
  let text = ''
  let plain = true
  let members: (readonly [number, number])[] = []
  let both: CodeSet | undefined
  const meet = () => {
    const set = union(members)
    both = both === undefined ? set : intersection(both, set)
    members = []
  }
  for (let first = true; ; first = false) {
    const char = source[at]
    if (char === undefined) throw new OnigmoProblem('a class without its closing bracket', open)
    if (char === ']' && !first) break
    if (source.startsWith('[:', at)) {
      const posix = readPosix(source, at)
      if (posix !== undefined) {
        members.push(...posix.set)
        text += posix.text
        at = posix.end
        continue
      }
    }
    if (char === '[') {
      const nested = readClass(source, at)
      members.push(...nested.set)
      plain = false
      at = nested.end
      continue
    }
    if (source.startsWith('&&', at)) {
      meet()
      plain = false
      at += 2
      continue
    }
    const shorthand = char === '\\' ? SHORTHANDS[source[at + 1]] : undefined
    if (shorthand !== undefined) {
      members.push(...shorthand.set)
      text += shorthand.text
      at += 2
      continue
    }
    if (/^\\p\{/i.test(source.slice(at, at + 3))) {
      const property = readProperty(source, at)
      members.push(...property.set)
      text += printRanges(property.set)
      at = property.end
      continue
    }
    const from = readCode(source, at)
    at = from.end
    let last = from.code
    if (source[at] === '-' && source[at + 1] !== ']' && source[at + 1] !== undefined) {
      const behind = source[at + 1] === '\\' ? SHORTHANDS[source[at + 2]] : undefined
      if (behind === undefined && source[at + 1] !== '[') {
        const to = readCode(source, at + 1)
        if (to.code < from.code) throw new OnigmoProblem('a range whose end is before its beginning', at)
        last = to.code
        at = to.end
      }
    }
    members.push([from.code, last])
    text += printRanges([[from.code, last]])
  }
  meet()
  const set = negated ? complement(both ?? []) : (both ?? [])
  if (plain) return { set, text: `[${negated ? '^' : ''}${text}]`, end: at + 1 }
  return { set, text: printSet(set), end: at + 1 }
}

function readPosix(source: string, at: number): OnigmoClass | undefined {
  const found = /^\[:(\^?)([a-z]+):\]/.exec(source.slice(at, at + 16))
  if (found === null) return undefined
  const [whole, not, name] = found
  if (!Object.hasOwn(POSIX, name)) throw new OnigmoProblem(`the unknown POSIX bracket ${whole}`, at)
  const set = not === '^' ? complement(POSIX[name]) : POSIX[name]
  return { set, text: printRanges(set), end: at + whole.length }
}

/** `\p{Alpha}`, `\p{^Alpha}` or `\P{Alpha}`, for the names of POSIX. */
export function readProperty(source: string, at: number): OnigmoClass {
  const found = /^\\([pP])\{(\^?)(\w+)\}/.exec(source.slice(at, at + 40))
  const name = found?.[3].toLowerCase() ?? ''
  if (found === null || !Object.hasOwn(POSIX, name)) {
    throw new OnigmoProblem('a property of Unicode; those with the names of POSIX are known', at)
  }
  const set = (found[1] === 'P') === (found[2] === '^') ? POSIX[name] : complement(POSIX[name])
  return { set, text: printSet(set), end: at + found[0].length }
}

/** One character, escaped or not. Of a UTF-16 pair it is refused: a class of JavaScript holds code units. */
function readCode(source: string, at: number): { readonly code: number; readonly end: number } {
  const { text, end } = source[at] === '\\' ? readEscape(source, at) : plainCharacter(source, at)
  if (text.length > 1) throw new OnigmoProblem('a character beyond U+FFFF in a class', at)
  return { code: text.charCodeAt(0), end }
}

function plainCharacter(source: string, at: number): { readonly text: string; readonly end: number } {
  const text = String.fromCodePoint(source.codePointAt(at) ?? 0)
  return { text, end: at + text.length }
}

/** The character that an escape at `at` stands for. */
export function readEscape(source: string, at: number): { readonly text: string; readonly end: number } {
  const rest = source.slice(at + 1, at + 16)
  const letter = rest[0]
  if (letter === undefined) throw new OnigmoProblem('a backslash at the end', at)
  const numeric =
    /^x\{([\dA-Fa-f]{1,6})\}/.exec(rest) ??
    /^u\{([\dA-Fa-f]{1,6})\}/.exec(rest) ??
    /^u([\dA-Fa-f]{4})/.exec(rest) ??
    /^x([\dA-Fa-f]{1,2})/.exec(rest)
  if (numeric !== null) {
    const code = Number.parseInt(numeric[1], 16)
    if (code > 0x10ffff) throw new OnigmoProblem('a character beyond U+10FFFF', at)
    return { text: String.fromCodePoint(code), end: at + 1 + numeric[0].length }
  }
  const octal = /^[0-7]{1,3}/.exec(rest)
  if (octal !== null) {
    return {
      text: String.fromCharCode(Number.parseInt(octal[0], 8) & 0xff),
      end: at + 1 + octal[0].length,
    }
  }
  const control = /^c([A-Za-z])/.exec(rest)
  if (control !== null) return { text: String.fromCharCode(control[1].charCodeAt(0) & 31), end: at + 3 }
  if (/^[CM]-/.test(rest)) throw new OnigmoProblem(`\\${rest.slice(0, 2)}`, at)
  if (Object.hasOwn(CONTROLS, letter)) return { text: String.fromCharCode(CONTROLS[letter]), end: at + 2 }
  const text = String.fromCodePoint(source.codePointAt(at + 1) ?? 0)
  return { text, end: at + 1 + text.length }
}

/** How JavaScript writes a character outside of a class. */
export function printText(text: string): string {
  if (text.length > 1) return `(?:${text})`
  return text.charCodeAt(0) > 0x9f ? text : printCode(text.charCodeAt(0))
}
