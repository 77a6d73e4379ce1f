import * as v from 'valibot'
import type { Address } from '../module.ts'
import { parseAddress } from './address.ts'
import { bounds, type Doc, describe, range } from './doc.ts'
import { type Engine, engineOf, issueText, leaf, make, pathItem } from './engine.ts'
import { Interpolated } from './interpolated.ts'
import {
  asGiven,
  docsOf,
  mapping,
  missing,
  rename,
  renamed,
  unknownOption,
  wrongAlternative,
  wrongTag,
} from './mapping.ts'
import type { Problem } from './problem.ts'
import {
  addressHint,
  quoteHint,
  readBoolean,
  readNumber,
  readScalar,
  readUnits,
  readUrl,
  wrong,
} from './reading.ts'
import { Secret } from './secret.ts'
import { nearest } from './suggest.ts'
import { parseDuration, parseSize } from './units.ts'
import { kindOf } from './value.ts'

export type { Doc } from './doc.ts'
export { Secret } from './secret.ts'

/**
 * How one kind of value is decoded, checked and described. Made by the constructors of `s`.
 * `decode` never throws and gives all problems at once; decoded values are not shared between calls.
 */
export interface Schema<T> {
  decode(input: unknown): Decoded<T>
  readonly doc: Doc
}

export type Decoded<T> = { ok: true; value: T } | { ok: false; problems: Problem[] }

/** The decoded type of a schema. */
export type Infer<S> = S extends Schema<infer T> ? T : never

/** The field may be missing; then the decoded object lacks it. */
export interface Optional {
  readonly optional: true
}

/** In an object the decoded field carries its unit: `timeout` becomes `timeoutMs`. */
export interface InUnits<Unit extends string> {
  readonly unit: Unit
}

export interface Common<D> {
  /** A sentence for users: it becomes the reference documentation. */
  readonly about: string
  /** In the notation of the file. */
  readonly default?: D
  readonly optional?: true
  readonly example?: unknown
}

interface ChoiceOptions<C extends string> extends Common<C> {
  /** What others call a choice, in lower case, for the message that refuses it. */
  readonly otherNames?: Readonly<Record<string, C>>
}

interface TextOptions extends Common<string> {
  readonly pattern?: RegExp
  /** What a message says was expected: `a table name`. */
  readonly expected?: string
}

interface UrlOptions extends Common<string> {
  /** Without colon; http and https unless given. */
  readonly protocols?: readonly string[]
}

export interface NumberOptions extends Common<number> {
  readonly min?: number
  readonly max?: number
}

/** Bounds in the notation of the file: `1s`, `64MiB`. */
export interface UnitOptions extends Common<string> {
  readonly min?: string
  readonly max?: string
}

interface ListOptions extends Common<readonly unknown[]> {
  readonly minItems?: number
}

export type Made<T, O> = O extends { readonly optional: true } ? Schema<T> & Optional : Schema<T>
export type Fields = Readonly<Record<string, Schema<unknown>>>
type KeyOf<K extends string, F> = F extends InUnits<infer Unit> ? `${K}${Unit}` : K
type Flat<T> = { readonly [K in keyof T]: T[K] }

type ObjectOf<F extends Fields> = Flat<
  {
    [K in keyof F & string as F[K] extends Optional ? never : KeyOf<K, F[K]>]: Infer<F[K]>
  } & {
    [K in keyof F & string as F[K] extends Optional ? KeyOf<K, F[K]> : never]?: Infer<F[K]>
  }
>

type OneOf<A extends Fields> = {
  [K in keyof A & string]: { readonly kind: K; readonly config: Infer<A[K]> }
}[keyof A & string]

/** The constructors. A field is required unless it has a `default` or `optional: true`. */
export const s = {
  string<const O extends TextOptions>(options: O): Made<string, O> {
    const { pattern } = options
    if (pattern?.flags.replace('u', ''))
      throw new TypeError(`${pattern} must do without flags: JSON Schema has none`)
    const expected = options.expected ?? (pattern ? `text that matches ${pattern.source}` : 'text')
    const doc = describe('string', expected, options, pattern ? { pattern: pattern.source } : {})
    return leaf(doc, options, text =>
      typeof text === 'string' && (pattern?.test(text) ?? true) ? text : wrong(quoteHint(text, pattern)),
    )
  },

  /** The value never appears in messages, logs or the effective configuration. */
  secret<const O extends Common<string>>(options: O): Made<Secret, O> {
    const doc = describe('secret', 'a secret as text', options)
    return leaf(doc, options, text =>
      typeof text === 'string' ? new Secret(text) : wrong('put it in quotes'),
    )
  },

  /** Decodes to the URL as it was written. */
  url<const O extends UrlOptions>(options: O): Made<string, O> {
    const protocols = options.protocols ?? ['http', 'https']
    const doc = describe('url', 'a URL with a scheme', options, { protocols })
    return leaf(doc, options, text => readUrl(text, protocols))
  },

  /** `host:port`, `[::1]:port` or the path of a Unix socket. */
  address<const O extends Common<string>>(options: O): Made<Address, O> {
    const doc = describe('address', 'an address such as 127.0.0.1:8080', options)
    return leaf(
      doc,
      options,
      text => (typeof text === 'string' && parseAddress(text)) || wrong(addressHint(text)),
    )
  },

  integer<const O extends NumberOptions>(options: O): Made<number, O> {
    const doc = describe('integer', `a whole number${range(options)}`, options, bounds(options))
    return leaf(doc, options, input => readNumber(input, options, Number.isSafeInteger))
  },

  number<const O extends NumberOptions>(options: O): Made<number, O> {
    const doc = describe('number', `a number${range(options)}`, options, bounds(options))
    return leaf(doc, options, input => readNumber(input, options, Number.isFinite))
  },

  boolean<const O extends Common<boolean>>(options: O): Made<boolean, O> {
    const doc = describe('boolean', 'true or false', options)
    return leaf(doc, options, readBoolean)
  },

  /** `500ms`, `5s`, `1h30m` → milliseconds; in an object the key gets the suffix `Ms`. */
  duration<const O extends UnitOptions>(options: O): Made<number, O> & InUnits<'Ms'> {
    const doc = describe('duration', 'a duration such as 500ms, 5s or 1h30m', options, bounds(options))
    const hint = (written: string) => `add a unit: ${written}s, ${written}ms`
    const read = (input: unknown) => readUnits(input, options, 'duration', parseDuration, hint)
    return Object.assign(leaf(doc, options, read), { unit: 'Ms' as const })
  },

  /** `64KiB`, `1MiB`, `10MB` → bytes; in an object the key gets the suffix `Bytes`. */
  size<const O extends UnitOptions>(options: O): Made<number, O> & InUnits<'Bytes'> {
    const doc = describe('size', 'a size such as 64KiB, 1MiB or 10MB', options, bounds(options))
    const hint = (written: string) => `add a unit: ${written}B, ${written}KiB, ${written}MiB`
    const read = (input: unknown) => readUnits(input, options, 'size', parseSize, hint)
    return Object.assign(leaf(doc, options, read), { unit: 'Bytes' as const })
  },

  choice<const C extends readonly string[], const O extends ChoiceOptions<C[number]>>(
    choices: C,
    options: O,
  ): Made<C[number], O> {
    const doc = describe('choice', `one of ${choices.join(', ')}`, options, { choices })
    return leaf<C[number], O>(doc, options, text => {
      if (typeof text === 'string' && choices.includes(text)) return text
      const near = typeof text === 'string' ? meant(text, choices, options.otherNames) : undefined
      return wrong(near && `did you mean "${near}"?`)
    })
  },

  /** Text, a number, true, false or null, kept as it is. */
  scalar<const O extends Common<string | number | boolean | null>>(
    options: O,
  ): Made<string | number | boolean | null, O> {
    const doc = describe('scalar', 'text, a number, true, false or null', options)
    return leaf<string | number | boolean | null, O>(doc, options, readScalar)
  },

  /** Whatever somebody else writes there: it is taken, and neither decoded nor shown. */
  ignored({ about }: { readonly about: string }): Schema<undefined> & Optional {
    const options = { about, optional: true } as const
    return leaf<undefined, typeof options>(describe('ignored', 'anything', options), options, () => undefined)
  },

  list<T, const O extends ListOptions>(item: Schema<T>, options: O): Made<readonly T[], O> {
    const { minItems = 0 } = options
    const doc = describe('list', 'a list', options, { item: item.doc, ...(minItems && { minItems }) })
    const build = () =>
      v.pipe(
        v.unknown(),
        v.rawTransform<unknown, unknown[]>(({ dataset, addIssue, NEVER }) => {
          if (Array.isArray(dataset.value)) return dataset.value
          addIssue({
            message: issueText(`expected a list, got ${kindOf(dataset.value)}`, 'begin each item with "- "'),
          })
          return NEVER
        }),
        v.array(engineOf(item)),
        v.minLength(minItems, issueText(`expected at least ${minItems} item${minItems === 1 ? '' : 's'}`)),
      )
    return make(doc, options, build as () => Engine<readonly T[]>)
  },

  /** Names that the user chooses, each with a value of one kind. */
  map<T, const O extends Common<Readonly<Record<string, unknown>>>>(
    item: Schema<T>,
    options: O,
  ): Made<Readonly<Record<string, T>>, O> {
    const doc = describe('map', 'a mapping of names to values', options, { item: item.doc })
    const build = () => mapping(doc, v.record(v.string(), engineOf(item)))
    return make(doc, options, build as () => Engine<Readonly<Record<string, T>>>)
  },

  /** A mapping with these fields and no others. An empty value (`tail:`) is an empty mapping. */
  object<const F extends Fields, const O extends Common<Readonly<Record<string, unknown>>>>(
    fields: F,
    options: O,
  ): Made<ObjectOf<F>, O> {
    const doc = describe('object', 'a mapping', options, { fields: docsOf(fields) })
    const names = renamed(fields)
    const entries = () =>
      Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, engineOf(field)]))
    const build = () =>
      mapping(
        doc,
        v.pipe(
          v.looseObject(entries(), issue => missing(doc, issue.path?.[0].key)),
          v.rawCheck(({ dataset, addIssue }) => {
            for (const key of Object.keys(dataset.value as object)) {
              if (!Object.hasOwn(fields, key))
                addIssue(unknownOption(key, dataset.value, Object.keys(fields)))
            }
          }),
          v.transform(value => rename(value, names)),
        ),
      )
    return make(doc, options, build as unknown as () => Engine<ObjectOf<F>>)
  },

  /** A mapping with exactly one of these keys; decodes to its name and its value. */
  oneOf<const A extends Fields, const O extends Common<Readonly<Record<string, unknown>>>>(
    alternatives: A,
    options: O,
  ): Made<OneOf<A>, O> {
    const names = Object.keys(alternatives)
    const doc = describe('oneOf', `exactly one of ${names.join(', ')}`, options, {
      alternatives: docsOf(alternatives),
    })
    const build = () =>
      mapping(
        doc,
        v.pipe(
          asGiven,
          v.rawTransform<Record<string, unknown>, unknown>(({ dataset, addIssue, NEVER }) => {
            const keys = Object.keys(dataset.value)
            const kind = keys[0]
            const engine = chosen(alternatives, kind)
            if (keys.length !== 1 || engine === undefined) {
              for (const issue of wrongAlternative(keys, dataset.value, names)) addIssue(issue)
              return NEVER
            }
            const result = v.safeParse(engine, dataset.value[kind])
            if (result.success) return { kind, config: result.output }
            const here = pathItem(dataset.value, kind)
            for (const { message, path } of result.issues)
              addIssue({ message, path: [here, ...(path ?? [])] })
            return NEVER
          }),
        ),
      )
    return make(doc, options, build as () => Engine<OneOf<A>>)
  },

  /** A mapping whose field `tag` names which of these schemas holds; each of them has that field itself, as a choice of one. */
  tagged<const A extends Fields, const O extends Common<Readonly<Record<string, unknown>>>>(
    tag: string,
    alternatives: A,
    options: O,
  ): Made<Infer<A[keyof A]>, O> {
    const names = Object.keys(alternatives)
    const more = { tag, alternatives: docsOf(alternatives) }
    const doc = describe('tagged', `a mapping with ${tag}: one of ${names.join(', ')}`, options, more)
    const build = () =>
      mapping(
        doc,
        v.pipe(
          asGiven,
          v.rawTransform<Record<string, unknown>, unknown>(({ dataset, addIssue, NEVER }) => {
            const given = dataset.value[tag]
            const engine = chosen(alternatives, given instanceof Interpolated ? given.text : String(given))
            if (engine === undefined) {
              addIssue(wrongTag(tag, dataset.value, names))
              return NEVER
            }
            const result = v.safeParse(engine, dataset.value)
            if (result.success) return result.output
            for (const { message, path } of result.issues) addIssue({ message, ...(path && { path }) })
            return NEVER
          }),
        ),
      )
    return make(doc, options, build as unknown as () => Engine<Infer<A[keyof A]>>)
  },
}

function chosen(alternatives: Fields, name: string): Engine<unknown> | undefined {
  return Object.hasOwn(alternatives, name) ? engineOf(alternatives[name]) : undefined
}

function meant(
  text: string,
  choices: readonly string[],
  otherNames: Readonly<Record<string, string>> = {},
): string | undefined {
  const lower = text.toLowerCase()
  return Object.hasOwn(otherNames, lower) ? otherNames[lower] : nearest(text, choices)
}
