import { Http1Error } from './error.ts'
import { FIELD_VALUE, PLAIN_LINES, TOKEN } from './field-line.ts'
import { HeaderList } from './headers.ts'

/**
 * The field lines of `text` from `from` to its end, each closed by CR LF.
 * Strict: no folding, no space before the colon, tokens for names, no control characters in values.
 */
export function parseFields(text: string, from: number, maxFields: number): HeaderList {
  const lines = text.slice(from)
  if (!PLAIN_LINES.test(lines)) return parseEach(text, from, maxFields)
  const fields = HeaderList.ofLines(lines)
  if (fields.size > maxFields) throw new Http1Error('too_many_headers')
  return fields
}

/** Line by line: finds what is wrong, or takes off the white space that others put around values. */
function parseEach(text: string, from: number, maxFields: number): HeaderList {
  const raw: string[] = []
  let at = from
  while (at < text.length) {
    const lineEnd = text.indexOf('\r\n', at)
    const colon = text.indexOf(':', at)
    if (colon === -1 || colon > lineEnd)
      throw new Http1Error(isSpace(text, at) ? 'folded_header' : 'missing_colon')
    const name = text.slice(at, colon)
    if (!TOKEN.test(name)) throw nameError(name)
    let start = colon + 1
    let end = lineEnd
    while (start < end && isSpace(text, start)) start++
    while (end > start && isSpace(text, end - 1)) end--
    const value = text.slice(start, end)
    if (!FIELD_VALUE.test(value)) throw new Http1Error('bad_header_value')
    if (raw.length >= 2 * maxFields) throw new Http1Error('too_many_headers')
    raw.push(name, value)
    at = lineEnd + 2
  }
  return new HeaderList(raw)
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 0x20 || code === 0x09
}

function nameError(name: string): Http1Error {
  if (name.length > 0 && isSpace(name, 0)) return new Http1Error('folded_header')
  if (name.length > 0 && isSpace(name, name.length - 1)) return new Http1Error('space_before_colon')
  return new Http1Error('bad_header_name')
}
