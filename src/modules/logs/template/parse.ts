import type { Problem } from '../../../kernel/config/problem.ts'
import { compileStrftime, type FormatTime } from '../../../wire/time/strftime.ts'
import type { FieldPath } from '../condition/ast.ts'
import { readFieldPath, readQuoted } from '../condition/field.ts'

/** A piece of a template. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'time'; readonly format: FormatTime }
  /** The first of these that the record has. */
  | { readonly kind: 'first'; readonly of: readonly Choice[] }

export type Choice =
  | { readonly kind: 'field'; readonly path: FieldPath }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'name'; readonly name: 'tag' | 'input' | 'path' | 'hostname' | 'uuid' | 'index' }
  /** A piece of the tag between its dots; counted from the end when negative. */
  | { readonly kind: 'tagPart'; readonly index: number }
  /** What a group of a pattern has matched; 0 is all of it. */
  | { readonly kind: 'capture'; readonly group: number }

export type ParsedTemplate = readonly Part[]

/** What is wrong with a template's text; `at` counts from 0. */
export interface TemplateFault {
  readonly problem: string
  readonly at: number
}

export interface TemplateRules {
  /** `%Y` means the year also outside of braces. Not for what is percent-encoded, such as the path of a URL. */
  readonly times?: boolean
  /** Names behind a `$` beside tag, input, path and hostname that have a meaning in this option. */
  readonly names?: readonly ('uuid' | 'index')[]
  /** `{$1}` stands for the first group of a pattern. */
  readonly captures?: boolean
}

/** For people: how a template is written. */
export const TEMPLATE_NOTATION =
  '`{kubernetes.pod_name}` stands for a field of the record, `{a|b|"c"}` for the first of them that is there or the text c, `{$tag}`, `{$tag[1]}` (a piece of it between dots, from 0), `{$input}`, `{$path}` and `{$hostname}` for where the record is from, `{%Y-%m-%d}` for its time in UTC'

/** Takes a template apart. `{{` and `}}` are braces. */
export function parseTemplate(text: string, rules: TemplateRules = {}): ParsedTemplate | TemplateFault {
  const parts: Part[] = []
  let literal = ''
  const flush = () => {
    if (literal !== '') parts.push({ kind: 'text', text: literal })
    literal = ''
  }
  for (let at = 0; at < text.length; ) {
    const char = text[at]
    if ((char === '{' || char === '}') && text[at + 1] === char) {
      literal += char
      at += 2
    } else if (char === '{') {
      flush()
      const read = readBraces(text, at, rules)
      if ('problem' in read) return read
      parts.push(read.part)
      at = read.end
    } else if (char === '}') {
      return { problem: 'expected "}}" for a brace, or "{" before it', at }
    } else if (char === '%' && rules.times) {
      flush()
      const [form] = /^%(?:[369]N|.?)/s.exec(text.slice(at))!
      const format = compileStrftime(form)
      if (typeof format !== 'function')
        return { problem: `${format.directive} stands for no part of a time`, at }
      parts.push({ kind: 'time', format })
      at += form.length
    } else {
      literal += char
      at++
    }
  }
  flush()
  return parts
}

type Read<T> = ({ readonly end: number } & T) | TemplateFault

function readBraces(text: string, open: number, rules: TemplateRules): Read<{ readonly part: Part }> {
  if (text[open + 1] === '%') {
    const close = text.indexOf('}', open)
    if (close < 0) return { problem: 'expected a closing }, got the end', at: text.length }
    const format = compileStrftime(text.slice(open + 1, close))
    if (typeof format !== 'function')
      return { problem: `${format.directive} stands for no part of a time`, at: open + 1 + format.at }
    return { part: { kind: 'time', format }, end: close + 1 }
  }
  const of: Choice[] = []
  for (let at = open + 1; ; ) {
    at = skipBlanks(text, at)
    const read = readChoice(text, at, rules)
    if ('problem' in read) return read
    of.push(read.choice)
    at = skipBlanks(text, read.end)
    if (text[at] === '}') return { part: { kind: 'first', of }, end: at + 1 }
    if (text[at] !== '|') {
      const got = at < text.length ? JSON.stringify(text[at]) : 'the end'
      return { problem: `expected "|" or "}", got ${got}`, at }
    }
    at++
  }
}

function readChoice(text: string, at: number, rules: TemplateRules): Read<{ readonly choice: Choice }> {
  if (text[at] === '"' || text[at] === "'") {
    const quoted = readQuoted(text, at)
    // Quotes with a dot behind them begin a field's path.
    if ('problem' in quoted) return quoted
    if (text[quoted.end] !== '.') return { choice: { kind: 'text', text: quoted.text }, end: quoted.end }
  }
  if (text[at] === '$') return readName(text, at, rules)
  const end = endOfPath(text, at)
  const field = readFieldPath(text.slice(0, end), at)
  if ('problem' in field) return field
  return { choice: { kind: 'field', path: field.field }, end: field.end }
}

/** A path ends before the first `|`, `}` or blank outside of quotes. */
function endOfPath(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"' || text[at] === "'") {
      const quoted = readQuoted(text, at)
      if ('problem' in quoted) return text.length
      at = quoted.end - 1
    } else if (/[|}\s]/.test(text[at])) return at
  }
  return text.length
}

function readName(
  text: string,
  at: number,
  { names = [], captures = false }: TemplateRules,
): Read<{ readonly choice: Choice }> {
  const [whole, word, index] = /^\$(\w*)(?:\[(-?\d{1,3})\])?/.exec(text.slice(at))!
  const end = at + whole.length
  if (word === 'tag' && index !== undefined) return { choice: { kind: 'tagPart', index: Number(index) }, end }
  if (captures && /^\d$/.test(word) && index === undefined)
    return { choice: { kind: 'capture', group: Number(word) }, end }
  const known = ['tag', 'input', 'path', 'hostname', ...names] as const
  const name = known.find(each => each === word)
  if (name === undefined || index !== undefined)
    return {
      problem: `expected one of ${known.map(each => `$${each}`).join(', ')} or $tag[0], got ${whole}`,
      at,
    }
  return { choice: { kind: 'name', name }, end }
}

function skipBlanks(text: string, at: number): number {
  let behind = at
  while (text[behind] === ' ') behind++
  return behind
}

/** Whether some record may have nothing for it: a field without a text of last resort behind it. */
export function mayBeMissing(template: ParsedTemplate): boolean {
  return template.some(
    part => part.kind === 'first' && part.of.every(({ kind }) => kind !== 'text' && kind !== 'name'),
  )
}

/** What is wrong with a template in the configuration. */
export function checkTemplate(
  text: string,
  path: Problem['path'],
  rules: TemplateRules & { readonly complete?: boolean } = {},
): Problem[] {
  const parsed = parseTemplate(text, rules)
  if ('problem' in parsed) {
    const message = `${JSON.stringify(text)} is not a template, column ${parsed.at + 1}: ${parsed.problem}`
    return [{ path, message, hint: TEMPLATE_NOTATION.replaceAll('`', '') }]
  }
  if (rules.complete && mayBeMissing(parsed)) {
    return [
      {
        path,
        message: `some records may have nothing for a field in ${JSON.stringify(text)}`,
        hint: 'add a text of last resort: {field|"none"}',
      },
    ]
  }
  return []
}
