import { printText, readClass, readEscape, readProperty } from './onigmo-class.ts'
import { OnigmoProblem } from './onigmo-problem.ts'

/** A pattern of JavaScript with its flags (of i and m), or why there is none, for people. */
export type Translation = { readonly source: string; readonly flags: string } | { readonly problem: string }

/**
 * Translates a regular expression of Onigmo's Ruby syntax, as Fluent Bit and Fluentd take it, with or without
 * `/…/imx` around it. `^` and `$` match at every line, `.` all but the line feed; with named groups the others
 * capture nothing. What JavaScript cannot say (atomic groups, possessive repetition, calls, conditions) is a problem.
 */
export function translateOnigmo(pattern: string): Translation {
  const { source, options } = undelimited(pattern)
  try {
    // How the ends of the text are written depends on whether those of lines occur anywhere.
    const first = new Translator(source, options, false)
    const plain = first.translate()
    const translated = first.anchorsLines ? new Translator(source, options, true).translate() : plain
    const flags = `${options.ignoreCase ? 'i' : ''}${first.anchorsLines ? 'm' : ''}`
    new RegExp(translated, flags)
    return { source: translated, flags }
  } catch (error) {
    if (error instanceof OnigmoProblem) {
      return { problem: `it has ${error.message}, column ${error.at + 1 + pattern.indexOf(source)}` }
    }
    const reason = (error as Error).message.replace(/^Invalid regular expression: \/.*\/\w*: /s, '')
    return { problem: `it is no regular expression: ${reason}` }
  }
}

interface Options {
  readonly ignoreCase: boolean
  /** Ruby's m: the dot matches line feeds, too. */
  readonly dotAll: boolean
  readonly extended: boolean
}

function undelimited(pattern: string): { readonly source: string; readonly options: Options } {
  const delimited = /^\/(.*)\/([imxo]*)$/s.exec(pattern)
  const letters = delimited?.[2] ?? ''
  return {
    source: delimited?.[1] ?? pattern,
    options: {
      ignoreCase: letters.includes('i'),
      dotAll: letters.includes('m'),
      extended: letters.includes('x'),
    },
  }
}

class Translator {
  /** Whether `^` or `$` were met: then JavaScript's m is needed. */
  anchorsLines: boolean
  readonly #source: string
  readonly #options: Options
  readonly #named: boolean
  #at = 0

  constructor(source: string, options: Options, anchorsLines: boolean) {
    this.#source = source
    this.#options = options
    this.anchorsLines = anchorsLines
    this.#named = /\(\?(?:<[^=!]|')/.test(source.replace(/\\./gs, ''))
  }

  translate(): string {
    const text = this.#alternatives(this.#options)
    if (this.#at < this.#source.length) throw new OnigmoProblem('a ")" without its "("', this.#at)
    return text
  }

  /** Up to the end or the parenthesis that closes the group around. */
  #alternatives(options: Options): string {
    const source = this.#source
    let text = ''
    while (this.#at < source.length && source[this.#at] !== ')') {
      const char = source[this.#at]
      if (char === '|') {
        text += char
        this.#at++
      } else if (options.extended && /\s/.test(char)) {
        this.#at++
      } else if (options.extended && char === '#') {
        const end = source.indexOf('\n', this.#at)
        this.#at = end < 0 ? source.length : end + 1
      } else {
        text += this.#term(options)
      }
    }
    return text
  }

  /** An atom with all its quantifiers. */
  #term(options: Options): string {
    let atom = this.#atom(options)
    for (let quantified = false; ; quantified = true) {
      const from = this.#at
      const found = /^(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})/.exec(this.#source.slice(from, from + 24))
      if (found === null || atom === '') return atom
      const quantifier = found[0].replace('{,', '{0,')
      this.#at += quantifier.length - (quantifier === found[0] ? 0 : 1)
      let behind = this.#source[this.#at] ?? ''
      if (behind === '+' && !quantifier.startsWith('{'))
        throw new OnigmoProblem('a possessive repetition', from)
      // A fixed count is always greedy in Ruby: what follows is a quantifier of its own.
      if (behind !== '?' || /^\{\d+\}$/.test(quantifier)) behind = ''
      this.#at += behind.length
      atom = `${quantified ? `(?:${atom})` : atom}${quantifier}${behind}`
    }
  }

  #atom(options: Options): string {
    const source = this.#source
    const at = this.#at
    const char = source[at]
    switch (char) {
      case '(':
        return this.#group(options)
      case '[': {
        const { text, end } = readClass(source, at)
        this.#at = end
        return text
      }
      case '\\':
        return this.#escape()
      case '.':
        this.#at++
        return options.dotAll ? '[^]' : '[^\\n]'
      case '^':
      case '$':
        this.#at++
        this.anchorsLines = true
        return char
      case '*':
      case '+':
      case '?':
        throw new OnigmoProblem(`nothing that "${char}" could repeat`, at)
    }
    const text = String.fromCodePoint(source.codePointAt(at) ?? 0)
    this.#at += text.length
    // What JavaScript takes for itself only sometimes is always escaped.
    return text === '{' || text === '}' || text === ']' ? `\\${text}` : text.length > 1 ? `(?:${text})` : text
  }

  #group(options: Options): string {
    const source = this.#source
    const open = this.#at
    if (source[open + 1] !== '?') return this.#body(this.#named ? '(?:' : '(', open + 1, options, open)
    const rest = source.slice(open + 2)
    const look = /^(?:<?[=!]|:)/.exec(rest)
    if (look !== null) return this.#body(`(?${look[0]}`, open + 2 + look[0].length, options, open)
    const name = /^(?:<([\p{L}_][\p{L}\p{N}_]*)>|'([\p{L}_][\p{L}\p{N}_]*)')/u.exec(rest)
    if (name !== null)
      return this.#body(`(?<${name[1] ?? name[2]}>`, open + 2 + name[0].length, options, open)
    if (rest[0] === '#') {
      const close = source.indexOf(')', open)
      if (close < 0) throw new OnigmoProblem('a comment without its ")"', open)
      this.#at = close + 1
      return ''
    }
    const letters = /^([imxadu]*)(?:-([imx]*))?([:)])/.exec(rest)
    if (letters !== null) return this.#optioned(letters, options, open)
    if (rest[0] === '>') throw new OnigmoProblem('an atomic group', open)
    if (rest[0] === '(') throw new OnigmoProblem('a condition', open)
    if (rest[0] === '~') throw new OnigmoProblem('an absence operator', open)
    throw new OnigmoProblem(`an unknown group (?${rest.slice(0, 1)}`, open)
  }

  /** `(?imx-imx:…)`, or `(?imx-imx)` for the rest of the group around, alternatives included. */
  #optioned(letters: RegExpExecArray, outer: Options, open: number): string {
    const [whole, on, off = '', behind] = letters
    const has = (letter: string, before: boolean) => on.includes(letter) || (before && !off.includes(letter))
    const options: Options = {
      ignoreCase: has('i', outer.ignoreCase),
      dotAll: has('m', outer.dotAll),
      extended: has('x', outer.extended),
    }
    const changes = options.ignoreCase === outer.ignoreCase ? '(?:' : options.ignoreCase ? '(?i:' : '(?-i:'
    const from = open + 2 + whole.length
    if (behind === ':') return this.#body(changes, from, options, open)
    this.#at = from
    const rest = this.#alternatives(options)
    return changes === '(?:' && !rest.includes('|') ? rest : `${changes}${rest})`
  }

  #body(opening: string, from: number, options: Options, open: number): string {
    this.#at = from
    const text = this.#alternatives(options)
    if (this.#source[this.#at] !== ')') throw new OnigmoProblem('a "(" without its ")"', open)
    this.#at++
    return `${opening}${text})`
  }

  #escape(): string {
    const source = this.#source
    const at = this.#at
    const letter = source[at + 1] ?? ''
    this.#at += 2
    if (letter !== '' && 'dDwWsSbB'.includes(letter)) return `\\${letter}`
    switch (letter) {
      case 'h':
        return '[0-9a-fA-F]'
      case 'H':
        return '[^0-9a-fA-F]'
      case 'A':
        return this.anchorsLines ? '(?<![^])' : '^'
      case 'z':
        return this.anchorsLines ? '(?![^])' : '$'
      case 'Z':
        return this.anchorsLines ? '(?=\\n?(?![^]))' : '(?=\\n?$)'
      case 'R':
        return '(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])'
      case 'p':
      case 'P': {
        const { text, end } = readProperty(source, at)
        this.#at = end
        return text
      }
      case 'G':
      case 'K':
      case 'X':
        throw new OnigmoProblem(`\\${letter}`, at)
      case 'g':
        throw new OnigmoProblem('a call of a group', at)
      case 'k':
        return this.#reference(at)
    }
    if (/[1-9]/.test(letter) && !/^[0-3][0-7]{2}/.test(source.slice(at + 1, at + 4))) {
      if (this.#named) throw new OnigmoProblem('a reference by number beside named groups', at)
      const digits = /^\d+/.exec(source.slice(at + 1, at + 4))?.[0] ?? ''
      this.#at = at + 1 + digits.length
      return `(?:\\${digits})`
    }
    const { text, end } = readEscape(source, at)
    this.#at = end
    return printText(text)
  }

  #reference(at: number): string {
    const found = /^\\k(?:<([\p{L}_][\p{L}\p{N}_]*)>|'([\p{L}_][\p{L}\p{N}_]*)')/u.exec(
      this.#source.slice(at),
    )
    if (found === null) throw new OnigmoProblem('a reference that is not to a name', at)
    this.#at = at + found[0].length
    return `\\k<${found[1] ?? found[2]}>`
  }
}
