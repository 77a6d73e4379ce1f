import type { Json } from '../../manifests/json.ts'

/** What a name stands for; undefined when it has no value. */
export type Scope = (name: string) => Json | undefined

/** Of a parameter, a fact, `item` or a field of it. */
export const NAME = /^[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/

export interface Term {
  readonly name: string
  readonly is: 'there' | 'absent' | '==' | '!=' | 'has' | 'lacks'
  readonly text: string
}

export type Condition =
  | { readonly ok: true; readonly terms: readonly Term[] }
  | { readonly ok: false; readonly message: string }

const COMPARISON = /^(\S+)\s+(==|!=|has|lacks)\s+(.+)$/

/**
 * `modules has proxy and proxy.port != 0`: terms joined by ` and `. A term is `name` (it has a value that is not false, 0
 * or empty), `!name`, `name == text`, `name != text`, `name has text` or `name lacks text` (lists).
 */
export function parseCondition(text: string): Condition {
  const terms: Term[] = []
  for (const part of text.trim().split(/\s+and\s+/)) {
    const [, compared, is, than = ''] = COMPARISON.exec(part) ?? []
    const absent = compared === undefined && part.startsWith('!')
    const name = compared ?? (absent ? part.slice(1) : part)
    if (!NAME.test(name)) {
      const shapes = 'name, !name, name == text, name != text, name has text or name lacks text'
      return { ok: false, message: `expected ${shapes}, joined by " and ", got ${JSON.stringify(part)}` }
    }
    terms.push({ name, is: (is as Term['is']) ?? (absent ? 'absent' : 'there'), text: than.trim() })
  }
  return { ok: true, terms }
}

/** Conditions come from catalogues, and each is asked for every pod. */
const KNOWN = new Map<string, Condition>()
const MAX_KNOWN = 4096

function known(text: string): Condition {
  let condition = KNOWN.get(text)
  if (condition !== undefined) return condition
  condition = parseCondition(text)
  if (KNOWN.size >= MAX_KNOWN) KNOWN.clear()
  KNOWN.set(text, condition)
  return condition
}

/** Whether all terms hold. What cannot be read never holds: entries are checked when they are loaded. */
export function holds(text: string, scope: Scope): boolean {
  const condition = known(text)
  return condition.ok && condition.terms.every(term => termHolds(term, scope(term.name)))
}

function termHolds({ is, text }: Term, value: Json | undefined): boolean {
  switch (is) {
    case 'there':
      return isThere(value)
    case 'absent':
      return !isThere(value)
    case '==':
      return textOf(value) === text
    case '!=':
      return textOf(value) !== text
    case 'has':
      return Array.isArray(value) && value.some(item => textOf(item) === text)
    case 'lacks':
      return !(Array.isArray(value) && value.some(item => textOf(item) === text))
  }
}

function isThere(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value)
  return (Array.isArray(value) ? value : Object.keys(value)).length > 0
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value)
}
