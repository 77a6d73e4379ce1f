import { translateOnigmo } from '../../../../wire/regex/onigmo.ts'
import type { FieldType } from '../field-writer.ts'
import { GROK_PATTERNS } from './patterns.ts'

/** A grok expression as one regular expression of JavaScript, and what its groups become. */
export interface Grok {
  readonly pattern: string
  readonly flags: string
  /** The field of each group. A field may have several: the first that took part in the match counts. */
  readonly fields: ReadonlyMap<string, string>
  readonly types: Readonly<Record<string, FieldType>>
}

const TYPES: Readonly<Record<string, FieldType>> = {
  int: 'integer',
  integer: 'integer',
  long: 'integer',
  float: 'float',
  double: 'float',
  bool: 'bool',
  boolean: 'bool',
  hex: 'hex',
  string: 'string',
}

/** How long an expression may become once all names are replaced. */
const MAX_LENGTH = 64 * 1024

/**
 * Puts the patterns for their names: `%{NAME}`, `%{NAME:field}`, `%{NAME:field:type}`. `own` come before ours, and may
 * name others in turn. Between the names stands a regular expression of Ruby's dialect, whose named groups are fields, too.
 */
export function compileGrok(
  expression: string,
  own: Readonly<Record<string, string>>,
): Grok | { readonly problem: string } {
  const fields = new Map<string, string>()
  const types: Record<string, FieldType> = {}
  let problem: string | undefined
  let length = 0

  function expand(text: string, inside: readonly string[]): string {
    return text.replace(
      /%\{(\w+)(?::([^:}]*))?(?::(\w+))?\}/g,
      (_whole, name: string, field: string | undefined, type: string | undefined) => {
        if (problem !== undefined) return ''
        const pattern = patternOf(name, own)
        if (pattern === undefined) {
          problem = `the pattern %{${name}} is not known`
          return ''
        }
        if (inside.includes(name)) {
          problem = `the pattern ${[...inside, name].join(' → ')} contains itself`
          return ''
        }
        length += pattern.length
        if (length > MAX_LENGTH) {
          problem = `it is longer than ${MAX_LENGTH} characters once all names are replaced`
          return ''
        }
        const body = expand(pattern, [...inside, name])
        if (field === undefined || field === '') return `(?:${body})`
        if (type !== undefined) {
          if (!Object.hasOwn(TYPES, type))
            problem ??= `the type ${type} of %{${name}:${field}:${type}} is not known`
          else types[field] = TYPES[type]
        }
        const group = `grok_${fields.size}`
        fields.set(group, field)
        return `(?<${group}>${body})`
      },
    )
  }

  const source = expand(expression, [])
  if (problem !== undefined) return { problem }
  const translated = translateOnigmo(source)
  if ('problem' in translated) return translated
  for (const [, name] of translated.source.matchAll(/\(\?<([\p{L}_][\p{L}\p{N}_]*)>/gu)) {
    if (!fields.has(name)) fields.set(name, name)
  }
  if (fields.size === 0) return { problem: 'it names no field: write %{NAME:field}' }
  return { pattern: translated.source, flags: translated.flags, fields, types }
}

function patternOf(name: string, own: Readonly<Record<string, string>>): string | undefined {
  if (Object.hasOwn(own, name)) return own[name]
  return Object.hasOwn(GROK_PATTERNS, name) ? GROK_PATTERNS[name] : undefined
}
