import * as v from 'valibot'
import type { Doc } from './doc.ts'
import { issueText, pathItem } from './engine.ts'
import { Interpolated } from './interpolated.ts'
import type { Fields, InUnits } from './schema.ts'
import { nearest } from './suggest.ts'
import { kindOf, shown } from './value.ts'

/** Names that JavaScript treats specially. */
export const SPECIAL_NAMES = /^(__proto__|prototype|constructor)$/

/**
 * Lets mappings through to what reads them, nothing as an empty one. Special names are refused and left out, so that the
 * problems beside them are told as well.
 */
export function mapping<T>(doc: Doc, read: v.GenericSchema<Record<string, unknown>, T>) {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const input = dataset.value ?? {}
      if (typeof input !== 'object' || Array.isArray(input) || input instanceof Interpolated) {
        const hint = Array.isArray(input)
          ? 'remove the "- "'
          : (colon(doc, input) ?? example(doc) ?? inField(doc, input))
        addIssue({ message: issueText(`expected ${doc.expected}, got ${kindOf(input)}`, hint) })
        return NEVER
      }
      const given = input as Record<string, unknown>
      const special = Object.keys(given).filter(key => SPECIAL_NAMES.test(key))
      for (const key of special)
        addIssue({
          message: issueText(`"${key}" cannot be used as a name`),
          path: [pathItem(given, key, 'key')],
        })
      const result = v.safeParse(read, special.length === 0 ? given : withoutSpecialNames(given))
      if (result.success) return special.length === 0 ? result.output : NEVER
      for (const { message, path } of result.issues) addIssue({ message, ...(path && { path }) })
      return NEVER
    }),
  )
}

/** A mapping for whoever reads it field by field. */
export const asGiven = v.custom<Record<string, unknown>>(() => true)

function withoutSpecialNames(mapping: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(mapping).filter(([key]) => !SPECIAL_NAMES.test(key)))
}

/** `- stdout` where `- stdout:` was meant. */
function colon(doc: Doc, input: unknown): string | undefined {
  const isName =
    typeof input === 'string' && doc.alternatives !== undefined && Object.hasOwn(doc.alternatives, input)
  return isName ? `write "${input}:", with a colon` : undefined
}

/** `- 10.0.0.7:80` where `- address: 10.0.0.7:80` was meant: one field is required, so that it is clear which. */
function inField({ fields }: Doc, input: unknown): string | undefined {
  if (fields === undefined || !['string', 'number'].includes(typeof input)) return undefined
  const required = Object.keys(fields).filter(
    name => !fields[name]!.optional && fields[name]!.default === undefined,
  )
  // What was written is not repeated: it may be a secret in the wrong place.
  return required.length === 1 ? `write "${required[0]}:" before it` : undefined
}

export function missing(doc: Doc, key: unknown): string {
  const field = doc.fields?.[String(key)]
  return issueText(
    `required option is missing; expected ${field?.expected}`,
    field && example(field, String(key)),
  )
}

function example(doc: Doc, key?: string): string | undefined {
  if (doc.example === undefined) return undefined
  const text = typeof doc.example === 'string' ? doc.example : JSON.stringify(doc.example)
  return key === undefined ? `for example ${text}` : `for example ${key}: ${text}`
}

export function unknownOption(key: string, input: unknown, known: readonly string[]) {
  const near = nearest(key, known)
  const text = near ? `unknown option; did you mean "${near}"?` : 'unknown option'
  const hint = near || known.length === 0 ? undefined : `options here: ${shortList(known)}`
  return { message: issueText(text, hint), path: [pathItem(input, key, 'key')] as [v.UnknownPathItem] }
}

export function wrongAlternative(keys: readonly string[], input: unknown, names: readonly string[]) {
  if (keys.length === 0)
    return [{ message: issueText(`expected exactly one of ${names.join(', ')}, got none`) }]
  const strange = keys.filter(key => !names.includes(key))
  if (strange.length > 0) return strange.map(key => unknownOption(key, input, names))
  return [
    {
      message: issueText(
        `expected exactly one of ${names.join(', ')}, got ${keys.join(' and ')}`,
        'make each an item of its own',
      ),
    },
  ]
}

/** A tagged mapping whose tag is missing or names no alternative. */
export function wrongTag(tag: string, input: Record<string, unknown>, names: readonly string[]) {
  const given = input[tag]
  if (given === undefined)
    return { message: issueText(`required option is missing; expected ${tag}: one of ${names.join(', ')}`) }
  const near = typeof given === 'string' ? nearest(given, names) : undefined
  const message = `expected one of ${names.join(', ')}, got ${shown(given)}`
  const path: [v.UnknownPathItem] = [pathItem(input, tag)]
  return { message: issueText(message, near && `did you mean "${near}"?`), path }
}

function shortList(names: readonly string[]): string {
  return names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')}, …`
}

export function docsOf(fields: Fields): Record<string, Doc> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.doc]))
}

export function renamed(fields: Fields): Map<string, string> {
  const names = Object.entries(fields).map(
    ([key, field]) => [key, key + ((field as Partial<InUnits<string>>).unit ?? '')] as const,
  )
  const doubled = names.find(([key, name]) => name !== key && key.endsWith(name.slice(key.length)))
  if (doubled)
    throw new TypeError(
      `field "${doubled[0]}" would decode to "${doubled[1]}": leave the unit out of its name`,
    )
  return new Map(names)
}

export function rename(
  value: Record<string, unknown>,
  names: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries.map(([key, field]) => [names.get(key)!, field]))
}
