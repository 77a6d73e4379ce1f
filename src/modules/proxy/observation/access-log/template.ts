import { nearest } from '../../../../kernel/config/suggest.ts'
import { Redaction } from '../redaction.ts'
import { OPERATORS, type Value } from './operators.ts'

/** Text that stays, or what an operator gives. */
export type Piece = string | { readonly value: Value; readonly maxLength: number }

/** Columns count from 1. */
export interface TemplateProblem {
  readonly column: number
  readonly message: string
  readonly hint?: string
}

const OPERATOR = /([A-Za-z_0-9]+)(?:\(((?:[^()])*)\))?(?::(\d+))?%/y

/** Reads a template: text with `%OPERATOR%`, `%OPERATOR(argument)%` or `%OPERATOR(argument):LENGTH%`; `%%` is `%`. */
export function parseTemplate(
  text: string,
  redaction = new Redaction(),
): { readonly pieces: readonly Piece[] } | { readonly problem: TemplateProblem } {
  const pieces: Piece[] = []
  for (let at = 0; at < text.length; ) {
    const percent = text.indexOf('%', at)
    if (percent === -1) return { pieces: [...pieces, text.slice(at)] }
    if (percent > at) pieces.push(text.slice(at, percent))
    if (text[percent + 1] === '%') {
      pieces.push('%')
      at = percent + 2
      continue
    }
    OPERATOR.lastIndex = percent + 1
    const match = OPERATOR.exec(text)
    const problem = (message: string, hint?: string) => ({
      problem: { column: percent + 1, message, ...(hint !== undefined && { hint }) },
    })
    if (match === null)
      return problem('a % begins an operator such as %DURATION% here', 'write %% for a percent sign')
    const piece = readOperator(match, redaction)
    if ('message' in piece) return problem(piece.message, piece.hint)
    pieces.push(piece)
    at = OPERATOR.lastIndex
  }
  return { pieces }
}

function readOperator(
  [, name = '', argument, length]: RegExpExecArray,
  redaction: Redaction,
): Exclude<Piece, string> | { readonly message: string; readonly hint?: string } {
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name]! : undefined
  if (operator === undefined) {
    const near = nearest(name.toUpperCase(), Object.keys(OPERATORS))
    return {
      message: `there is no operator %${name}%`,
      hint: near === undefined ? 'docs/observability.md lists them' : `did you mean %${near}%?`,
    }
  }
  const expected = operator.argument
  if (expected === undefined && argument !== undefined) return { message: `%${name}% takes no argument` }
  if (expected !== undefined && expected.optional !== true && (argument ?? '') === '')
    return { message: `%${name}% needs ${expected.expected}`, hint: `write %${name}(…)%` }
  const value = operator.make(argument ?? '', redaction)
  if (typeof value !== 'function') return { message: `%${name}%: ${value.problem}` }
  return { value, maxLength: length === undefined ? Number.POSITIVE_INFINITY : Number(length) }
}
