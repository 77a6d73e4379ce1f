import {
  type CodeSet,
  complement,
  DIGITS,
  EVERY_CODE,
  LINE_ENDS,
  printCode,
  printSet,
  SPACES,
  WORDS,
} from './code-set.ts'
import type { Regex } from './syntax.ts'

/** How many sets a pattern may have, with its repetitions written out. */
const MAX_SIZE = 1000
/** V8's engine takes no larger counts. */
const MAX_COUNT = 16

/**
 * The pattern in such words as V8's linear-time engine takes: letters of any case and options of groups are worked
 * into sets, counted repetitions are written out. `size` counts its sets: the engine's time is that of text × size at worst.
 * Undefined when something in it cannot be said so.
 */
export function printLinear(
  regex: Regex,
): { readonly source: string; readonly flags: '' | 'm'; readonly size: number } | undefined {
  const printer = new Printer(has(regex, 'lineEnd'))
  if (printer.linesEnd && has(regex, 'end')) return undefined
  const source = printer.print(regex)
  if (printer.failed) return undefined
  return { source, flags: printer.linesEnd ? 'm' : '', size: printer.size }
}

class Printer {
  failed = false
  readonly linesEnd: boolean
  size = 0

  constructor(linesEnd: boolean) {
    this.linesEnd = linesEnd
  }

  print(regex: Regex): string {
    if (this.failed) return ''
    switch (regex.kind) {
      case 'empty':
        return ''
      case 'set':
        return this.#count(1, printOne(regex.set))
      case 'sequence':
        return regex.items
          .map(item => (item.kind === 'choice' ? this.#group(item) : this.print(item)))
          .join('')
      case 'choice':
        return regex.items.map(item => this.print(item)).join('|')
      case 'capture':
        return `(${regex.name === undefined ? '' : `?<${regex.name}>`}${this.print(regex.item)})`
      case 'place':
        return this.#place(regex.place)
      case 'look':
        return `(?${regex.behind ? '<' : ''}${regex.negative ? '!' : '='}${this.print(regex.item)})`
      case 'repeat':
        return this.#repeat(regex)
      case 'reference':
        this.failed = true
        return ''
    }
  }

  #place(place: Extract<Regex, { kind: 'place' }>['place']): string {
    switch (place) {
      case 'start':
        return this.linesEnd ? '(?<![^])' : '^'
      case 'lineStart':
        return this.linesEnd ? '^' : '(?<![^\\n\\r\\u2028\\u2029])'
      case 'end':
      case 'lineEnd':
        return '$'
      case 'wordBorder':
        return '\\b'
      case 'noWordBorder':
        return '\\B'
    }
  }

  #repeat({ item, min, max, lazy }: Extract<Regex, { kind: 'repeat' }>): string {
    const question = lazy ? '?' : ''
    if (max === 0) return has(item, 'capture') ? this.#give() : ''
    if (min <= 1 && (max === Number.POSITIVE_INFINITY || max === 1)) {
      const sign = max === 1 ? (min === 1 ? '' : '?') : min === 0 ? '*' : '+'
      return sign === '' ? this.#group(item) : `${this.#group(item)}${sign}${question}`
    }
    // What captures would capture several times, under one number.
    if (has(item, 'capture')) {
      const bound = max === Number.POSITIVE_INFINITY ? '' : max
      return `${this.#group(item)}{${min},${bound}}${question}`
    }
    if (Math.max(min, max === Number.POSITIVE_INFINITY ? 0 : max) > MAX_SIZE) return this.#give()
    if (item.kind === 'set') return this.#run(printOne(item.set), min, max, question)
    let text = ''
    if (max === Number.POSITIVE_INFINITY) text = `${this.#group(item)}*${question}`
    else for (let i = min; i < max && !this.failed; i++) text = `(?:${this.#group(item)}${text})?${question}`
    for (let i = 0; i < min && !this.failed; i++) text = `${this.#group(item)}${text}`
    return text
  }

  #group(item: Regex): string {
    return item.kind === 'set' || item.kind === 'capture' || item.kind === 'look'
      ? this.print(item)
      : `(?:${this.print(item)})`
  }

  /** Many of one set, in portions: `x{40}` is `x{16}x{16}x{8}`. */
  #run(set: string, min: number, max: number, question: string): string {
    let text = ''
    for (let left = min; left > 0; left -= MAX_COUNT) text += `${set}{${Math.min(left, MAX_COUNT)}}`
    if (max === Number.POSITIVE_INFINITY) return this.#count(min + 1, `${text}${set}*${question}`)
    for (let left = max - min; left > 0; left -= MAX_COUNT) {
      text += `${set}{0,${Math.min(left, MAX_COUNT)}}${question}`
    }
    return this.#count(max, text)
  }

  #count(sets: number, text: string): string {
    this.size += sets
    if (this.size > MAX_SIZE) this.failed = true
    return text
  }

  #give(): string {
    this.failed = true
    return ''
  }
}

function printOne(set: CodeSet): string {
  if (set.length === 1 && set[0][0] === set[0][1]) return printCode(set[0][0])
  if (set.length === 0) return '[]'
  return SHORTHANDS.find(([known]) => isSame(known, set))?.[1] ?? printSet(set)
}

const SHORTHANDS: readonly (readonly [CodeSet, string])[] = [
  [EVERY_CODE, '[^]'],
  [complement(LINE_ENDS), '.'],
  [DIGITS, '\\d'],
  [complement(DIGITS), '\\D'],
  [WORDS, '\\w'],
  [complement(WORDS), '\\W'],
  [SPACES, '\\s'],
  [complement(SPACES), '\\S'],
]

function isSame(one: CodeSet, other: CodeSet): boolean {
  return (
    one.length === other.length &&
    one.every(([first, last], index) => first === other[index][0] && last === other[index][1])
  )
}

function has(regex: Regex, what: 'capture' | 'end' | 'lineEnd'): boolean {
  switch (regex.kind) {
    case 'sequence':
    case 'choice':
      return regex.items.some(item => has(item, what))
    case 'capture':
      return what === 'capture' || has(regex.item, what)
    case 'repeat':
    case 'look':
      return has(regex.item, what)
    case 'place':
      return regex.place === what
    default:
      return false
  }
}
