import { readQuoted } from './field.ts'

/** A piece of a condition's text; `at` counts from 0. A name in quotes and a text are the same piece: the parser decides. */
export type Token =
  | { readonly kind: 'word' | 'symbol'; readonly text: string; readonly at: number; readonly end: number }
  | { readonly kind: 'text'; readonly text: string; readonly at: number; readonly end: number }
  | {
      readonly kind: 'number'
      readonly text: string
      readonly value: number
      readonly at: number
      readonly end: number
    }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number; readonly end: number }

/** A mistake in a condition's text. */
export interface Mistake {
  /** Where, from 0. */
  readonly at: number
  readonly expected: string
  readonly got: string
}

const SYMBOL = /==|!=|<=|>=|&&|\|\||[=<>!()[\],]/y
const NUMBER = /[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?(?![^\s()[\],=!<>&|])/y
const WORD = /[^\s"'()[\],=!<>&|]+/y

/** The token that begins at or behind `from`. */
export function nextToken(source: string, from: number): Token | Mistake {
  let at = from
  while (at < source.length && /\s/.test(source[at])) at++
  if (at === source.length) return { kind: 'end', text: '', at, end: at }
  if (source[at] === '"' || source[at] === "'") {
    const quoted = readQuoted(source, at)
    if ('problem' in quoted) return { at: quoted.at, expected: `a closing ${source[at]}`, got: 'the end' }
    return { kind: 'text', text: quoted.text, at, end: quoted.end }
  }
  const number = match(NUMBER, source, at)
  if (number !== undefined) {
    return { kind: 'number', text: number, value: Number(number), at, end: at + number.length }
  }
  const symbol = match(SYMBOL, source, at)
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, at, end: at + symbol.length }
  const word = match(WORD, source, at)
  if (word !== undefined) return { kind: 'word', text: word, at, end: at + word.length }
  return { at, expected: 'a field, a value or an operator', got: JSON.stringify(source[at]) }
}

function match(regex: RegExp, source: string, at: number): string | undefined {
  regex.lastIndex = at
  return regex.exec(source)?.[0]
}
