import type { Problem } from '../../../kernel/config/problem.ts'
import type { FieldPath } from './ast.ts'

/** A field's path, or what is wrong with its text; `at` counts from 0. */
export type ParsedField =
  | { readonly field: FieldPath; readonly end: number }
  | { readonly problem: string; readonly at: number }

/** What a name without quotes is made of. */
const BARE = /[^\s."'()[\],=!<>&|]+/y

/**
 * Reads a path such as `http.status` or `labels."app.kubernetes.io/name"` from `text` on: names with a dot between
 * them, in quotes when they have dots, blanks or operators in them. Stops behind the last name.
 */
export function readFieldPath(text: string, from: number): ParsedField {
  const field: string[] = []
  let at = from
  for (;;) {
    if (text[at] === '"' || text[at] === "'") {
      const quoted = readQuoted(text, at)
      if ('problem' in quoted) return quoted
      field.push(quoted.text)
      at = quoted.end
    } else {
      BARE.lastIndex = at
      const name = BARE.exec(text)?.[0]
      if (name === undefined) return { problem: 'expected the name of a field', at }
      field.push(name)
      at += name.length
    }
    if (text[at] !== '.') return { field, end: at }
    at++
  }
}

/** The path that is the whole of `text`. */
export function parseFieldPath(text: string): ParsedField {
  const parsed = readFieldPath(text, 0)
  if ('problem' in parsed || parsed.end === text.length) return parsed
  return { problem: `expected "." or the end, got ${JSON.stringify(text[parsed.end])}`, at: parsed.end }
}

/** For people: how a field is written. */
export const FIELD_NOTATION =
  'a dot leads into an object, names with dots or blanks go in quotes: labels."app.kubernetes.io/name"'

/** What is wrong with a field's text in the configuration. */
export function checkField(field: string, path: Problem['path']): Problem[] {
  const parsed = parseFieldPath(field)
  if (!('problem' in parsed)) return []
  const message = `${JSON.stringify(field)} is not a field, column ${parsed.at + 1}: ${parsed.problem}`
  return [{ path, message, hint: FIELD_NOTATION }]
}

/** The path of a field whose text has been checked with `parseFieldPath`. */
export function fieldPath(text: string): FieldPath {
  const parsed = parseFieldPath(text)
  if ('problem' in parsed) throw new Error(`${text} is not a field: ${parsed.problem}`)
  return parsed.field
}

/** Text in single or double quotes; a backslash before the quote or a backslash takes it literally, before others it stays. */
export function readQuoted(
  text: string,
  open: number,
): { readonly text: string; readonly end: number } | { readonly problem: string; readonly at: number } {
  const quote = text[open]
  let value = ''
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === quote) return { text: value, end: at + 1 }
    if (text[at] === '\\' && (text[at + 1] === quote || text[at + 1] === '\\')) at++
    value += text[at]
  }
  return { problem: `expected a closing ${quote}, got the end`, at: text.length }
}
