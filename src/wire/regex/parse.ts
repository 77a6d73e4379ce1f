import { anyCase } from './case.ts'
import { type CodeSet, complement, DIGITS, EVERY_CODE, LINE_ENDS, SPACES, union, WORDS } from './code-set.ts'
import { EMPTY, type Regex } from './syntax.ts'

interface Flags {
  readonly ignoreCase: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
}

const SHORTHANDS: Readonly<Record<string, CodeSet>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORDS,
  W: complement(WORDS),
  s: SPACES,
  S: complement(SPACES),
}
const CONTROLS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11 }

/**
 * The structure of a pattern that `new RegExp(source, flags)` takes, flags without u and v.
 * Undefined for what it does not know: then nothing can be said of the pattern.
 */
export function parseRegex(source: string, flags: string): Regex | undefined {
  const parser = new Parser(source)
  const regex = parser.alternatives({
    ignoreCase: flags.includes('i'),
    multiline: flags.includes('m'),
    dotAll: flags.includes('s'),
  })
  return parser.at === source.length && !parser.failed ? regex : undefined
}

class Parser {
  at = 0
  failed = false
  readonly #source: string
  readonly #groups: number
  readonly #named: boolean
  #depth = 0

  constructor(source: string) {
    this.#source = source
    const bare = source.replace(/\\./gs, '__').replace(/\[[^\]]*\]/g, '')
    this.#groups = bare.match(/\((?!\?)|\(\?<[^=!]/g)?.length ?? 0
    this.#named = /\(\?<[^=!]/.test(bare)
  }

  alternatives(flags: Flags): Regex {
    // Deep enough for people; a stack of calls must not run over.
    if (++this.#depth > 200) this.failed = true
    const items: Regex[] = []
    do {
      if (items.length > 0) this.at++
      items.push(this.#sequence(flags))
    } while (this.#source[this.at] === '|' && !this.failed)
    this.#depth--
    return items.length === 1 ? items[0] : { kind: 'choice', items }
  }

  #sequence(flags: Flags): Regex {
    const items: Regex[] = []
    while (this.at < this.#source.length && !this.failed) {
      const char = this.#source[this.at]
      if (char === '|' || char === ')') break
      items.push(this.#quantified(this.#atom(flags)))
    }
    return items.length === 1 ? items[0] : items.length === 0 ? EMPTY : { kind: 'sequence', items }
  }

  #quantified(item: Regex): Regex {
    const found = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/.exec(this.#source.slice(this.at, this.at + 40))
    if (found === null) return item
    this.at += found[0].length
    const [, sign, from, comma, to, lazy] = found
    const [min, max] =
      sign === undefined
        ? [Number(from), comma === '' ? Number(from) : to === '' ? Number.POSITIVE_INFINITY : Number(to)]
        : [sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY]
    return { kind: 'repeat', item, min, max, lazy: lazy === '?' }
  }

  #atom(flags: Flags): Regex {
    const char = this.#source[this.at]
    switch (char) {
      case '(':
        return this.#group(flags)
      case '[':
        return { kind: 'set', set: this.#class(flags) }
      case '\\':
        return this.#escape(flags)
      case '.':
        this.at++
        return { kind: 'set', set: flags.dotAll ? EVERY_CODE : complement(LINE_ENDS) }
      case '^':
        this.at++
        return { kind: 'place', place: flags.multiline ? 'lineStart' : 'start' }
      case '$':
        this.at++
        return { kind: 'place', place: flags.multiline ? 'lineEnd' : 'end' }
    }
    this.at++
    return this.#set(one(char.charCodeAt(0)), flags)
  }

  #set(set: CodeSet, flags: Flags): Regex {
    return { kind: 'set', set: flags.ignoreCase ? anyCase(set) : set }
  }

  #group(flags: Flags): Regex {
    const opening = /^\((?:\?(?:(:)|(<?)([=!])|<([^>=!][^>]*)>|([ims]*)(?:-([ims]*))?:))?/.exec(
      this.#source.slice(this.at, this.at + 300),
    )
    if (opening === null) return this.#fail()
    const [whole, plain, behind, sign, name, on, off] = opening
    if (whole === '(' && this.#source[this.at + 1] === '?') return this.#fail()
    this.at += whole.length
    const inner: Flags =
      on === undefined
        ? flags
        : {
            ignoreCase: switched('i', flags.ignoreCase, on, off),
            multiline: switched('m', flags.multiline, on, off),
            dotAll: switched('s', flags.dotAll, on, off),
          }
    const item = this.alternatives(inner)
    if (this.#source[this.at] !== ')') return this.#fail()
    this.at++
    if (plain !== undefined || on !== undefined) return item
    if (sign !== undefined) return { kind: 'look', behind: behind === '<', negative: sign === '!', item }
    return { kind: 'capture', name, item }
  }

  #escape(flags: Flags): Regex {
    const letter = this.#source[this.at + 1]
    if (letter === 'b' || letter === 'B') {
      this.at += 2
      return { kind: 'place', place: letter === 'b' ? 'wordBorder' : 'noWordBorder' }
    }
    if (Object.hasOwn(SHORTHANDS, letter)) {
      this.at += 2
      return { kind: 'set', set: SHORTHANDS[letter] }
    }
    const number = /^[1-9]\d*/.exec(this.#source.slice(this.at + 1, this.at + 12))?.[0]
    if ((number !== undefined && Number(number) <= this.#groups) || (letter === 'k' && this.#named)) {
      this.at = letter === 'k' ? this.#source.indexOf('>', this.at) + 1 : this.at + 1 + (number?.length ?? 0)
      return { kind: 'reference' }
    }
    return this.#set(one(this.#code()), flags)
  }

  /** The code unit at the backslash here, inside of a class or not. */
  #code(): number {
    const rest = this.#source.slice(this.at + 1, this.at + 8)
    const hex = /^x([\dA-Fa-f]{2})|^u([\dA-Fa-f]{4})/.exec(rest)
    if (hex !== null) {
      this.at += 1 + hex[0].length
      return Number.parseInt(hex[1] ?? hex[2], 16)
    }
    const octal = /^(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/.exec(rest)
    if (octal !== null) {
      this.at += 1 + octal[0].length
      return Number.parseInt(octal[0], 8)
    }
    const control = /^c([A-Za-z])/.exec(rest)
    if (control !== null) {
      this.at += 3
      return control[1].charCodeAt(0) & 31
    }
    if (rest[0] === 'c') {
      // Not an escape after all: the backslash is text.
      this.at++
      return 0x5c
    }
    this.at += 2
    return Object.hasOwn(CONTROLS, rest[0]) ? CONTROLS[rest[0]] : rest.charCodeAt(0)
  }

  #class(flags: Flags): CodeSet {
    const source = this.#source
    this.at++
    const negated = source[this.at] === '^'
    if (negated) this.at++
    const ranges: (readonly [number, number])[] = []
    while (source[this.at] !== ']' && this.at < source.length) {
      const from = this.#member()
      if (source[this.at] !== '-' || source[this.at + 1] === ']') {
        ranges.push(...from)
        continue
      }
      this.at++
      const to = this.#member()
      // With a shorthand on one of its sides the dash is text.
      if (isOne(from) && isOne(to)) ranges.push([from[0][0], to[0][0]])
      else ranges.push(...from, ...to, [0x2d, 0x2d])
    }
    this.at++
    const set = flags.ignoreCase ? anyCase(union(ranges)) : union(ranges)
    return negated ? complement(set) : set
  }

  #member(): CodeSet {
    const char = this.#source[this.at]
    if (char !== '\\') {
      this.at++
      return one(char.charCodeAt(0))
    }
    const letter = this.#source[this.at + 1]
    if (Object.hasOwn(SHORTHANDS, letter)) {
      this.at += 2
      return SHORTHANDS[letter]
    }
    if (letter === 'b') {
      this.at += 2
      return one(8)
    }
    return one(this.#code())
  }

  #fail(): Regex {
    this.failed = true
    return EMPTY
  }
}

function one(code: number): CodeSet {
  return [[code, code]]
}

function isOne(set: CodeSet): boolean {
  return set.length === 1 && set[0][0] === set[0][1]
}

function switched(letter: string, before: boolean, on: string, off = ''): boolean {
  return on.includes(letter) || (before && !off.includes(letter))
}
