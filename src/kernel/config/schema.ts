import * as v from 'valibot'
import type { Address } from '../module.ts'
import { parseAddress } from './address.ts'
import type { Doc, Kind } from './doc.ts'
import { Interpolated } from './interpolated.ts'
import type { Problem } from './problem.ts'
import { Secret } from './secret.ts'
import { nearest } from './suggest.ts'
import { parseDuration, parseSize } from './units.ts'
import { kindOf, shown, withoutPassword } from './value.ts'

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

interface Common<D> {
  /** A sentence for users: it becomes the reference documentation. */
  readonly about: string
  /** In the notation of the file. */
  readonly default?: D
  readonly optional?: true
  readonly example?: unknown
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

interface NumberOptions extends Common<number> {
  readonly min?: number
  readonly max?: number
}

/** Bounds in the notation of the file: `1s`, `64MiB`. */
interface UnitOptions extends Common<string> {
  readonly min?: string
  readonly max?: string
}

interface ListOptions extends Common<readonly unknown[]> {
  readonly minItems?: number
}

type Made<T, O> = O extends { readonly optional: true } ? Schema<T> & Optional : Schema<T>
type Fields = Readonly<Record<string, Schema<unknown>>>
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
    const expected = options.expected ?? (pattern ? `text that matches ${pattern.source}` : 'text')
    const doc = describe('string', expected, options, pattern ? { pattern: pattern.source } : {})
    return leaf(doc, options, text =>
      typeof text === 'string' && (pattern?.test(text) ?? true) ? text : wrong(quoteHint(text)),
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
    const doc = describe(
      'duration',
      `a duration such as 500ms, 5s or 1h30m${range(options)}`,
      options,
      bounds(options),
    )
    const hint = (written: string) => `add a unit: ${written}s, ${written}ms`
    const read = (input: unknown) => readUnits(input, options, parseDuration, hint)
    return Object.assign(leaf(doc, options, read), { unit: 'Ms' as const })
  },

  /** `64KiB`, `1MiB`, `10MB` → bytes; in an object the key gets the suffix `Bytes`. */
  size<const O extends UnitOptions>(options: O): Made<number, O> & InUnits<'Bytes'> {
    const doc = describe(
      'size',
      `a size such as 64KiB, 1MiB or 10MB${range(options)}`,
      options,
      bounds(options),
    )
    const hint = (written: string) => `add a unit: ${written}B, ${written}KiB, ${written}MiB`
    const read = (input: unknown) => readUnits(input, options, parseSize, hint)
    return Object.assign(leaf(doc, options, read), { unit: 'Bytes' as const })
  },

  choice<const C extends readonly string[], const O extends Common<C[number]>>(
    choices: C,
    options: O,
  ): Made<C[number], O> {
    const doc = describe('choice', `one of ${choices.join(', ')}`, options, { choices })
    return leaf<C[number], O>(doc, options, text => {
      if (typeof text === 'string' && choices.includes(text)) return text
      const near = nearest(String(text), choices)
      return wrong(near && `did you mean "${near}"?`)
    })
  },

  /** Text, a number, true, false or null, kept as it is. */
  scalar<const O extends Common<string | number | boolean | null>>(
    options: O,
  ): Made<string | number | boolean | null, O> {
    const doc = describe('scalar', 'text, a number, true, false or null', options)
    return leaf<string | number | boolean | null, O>(doc, options, input =>
      input === null || typeof input !== 'object' ? (input as string | number | boolean | null) : wrong(),
    )
  },

  list<T, const O extends ListOptions>(item: Schema<T>, options: O): Made<readonly T[], O> {
    const { minItems = 0 } = options
    const doc = describe('list', 'a list', options, { item: item.doc, ...(minItems && { minItems }) })
    const run = v.pipe(
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
    return make(doc, options, run as Engine<readonly T[]>)
  },

  /** Names that the user chooses, each with a value of one kind. */
  map<T, const O extends Common<Readonly<Record<string, unknown>>>>(
    item: Schema<T>,
    options: O,
  ): Made<Readonly<Record<string, T>>, O> {
    const doc = describe('map', 'a mapping of names to values', options, { item: item.doc })
    const run = v.pipe(v.unknown(), mapping(doc), v.record(v.string(), engineOf(item)))
    return make(doc, options, run as Engine<Readonly<Record<string, T>>>)
  },

  /** A mapping with these fields and no others. An empty value (`tail:`) is an empty mapping. */
  object<const F extends Fields, const O extends Common<Readonly<Record<string, unknown>>>>(
    fields: F,
    options: O,
  ): Made<ObjectOf<F>, O> {
    const doc = describe('object', 'a mapping', options, { fields: docsOf(fields) })
    const names = renamed(fields)
    const entries = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, engineOf(field)]))
    const run = v.pipe(
      v.unknown(),
      mapping(doc),
      v.looseObject(entries, issue => missing(doc, issue.path?.[0].key)),
      v.rawCheck(({ dataset, addIssue }) => {
        for (const key of Object.keys(dataset.value as object)) {
          if (!Object.hasOwn(fields, key)) addIssue(unknownOption(key, dataset.value, Object.keys(fields)))
        }
      }),
      v.transform(value => rename(value, names)),
    )
    return make(doc, options, run as unknown as Engine<ObjectOf<F>>)
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
    const engines = new Map(Object.entries(alternatives).map(([name, schema]) => [name, engineOf(schema)]))
    const run = v.pipe(
      v.unknown(),
      mapping(doc),
      v.rawTransform<Record<string, unknown>, unknown>(({ dataset, addIssue, NEVER }) => {
        const keys = Object.keys(dataset.value)
        const kind = keys[0]
        const engine = engines.get(kind)
        if (keys.length !== 1 || engine === undefined) {
          for (const issue of wrongAlternative(keys, dataset.value, names)) addIssue(issue)
          return NEVER
        }
        const result = v.safeParse(engine, dataset.value[kind])
        if (result.success) return { kind, config: result.output }
        const here = pathItem(dataset.value, kind)
        for (const { message, path } of result.issues) addIssue({ message, path: [here, ...(path ?? [])] })
        return NEVER
      }),
    )
    return make(doc, options, run as Engine<OneOf<A>>)
  },
}

// ---- the library, kept behind this file

type Engine<T> = v.GenericSchema<unknown, T>
const engines = new WeakMap<object, Engine<unknown>>()

function engineOf<T>(schema: Schema<T>): Engine<T> {
  const engine = engines.get(schema)
  if (engine === undefined) throw new TypeError('a schema must be made by the constructors of `s`')
  return engine as Engine<T>
}

function make<T, O extends Common<unknown>>(doc: Doc, options: O, engine: Engine<T>): Made<T, O> {
  const lenient =
    doc.optional || doc.default !== undefined ? (v.optional(engine, options.default) as Engine<T>) : engine
  const schema = {
    doc,
    decode: (input: unknown) => decode(lenient, input),
    ...(doc.optional && { optional: true }),
  }
  engines.set(schema, lenient)
  return schema as unknown as Made<T, O>
}

function decode<T>(engine: Engine<T>, input: unknown): Decoded<T> {
  const result = v.safeParse(engine, input)
  if (result.success) return { ok: true, value: result.output }
  return { ok: false, problems: result.issues.map(problemOf) }
}

function problemOf(issue: v.BaseIssue<unknown>): Problem {
  const [message, hint] = issue.message.split('\n')
  const path = issue.path?.map(item => item.key as string | number) ?? []
  return { path, message, ...(hint !== undefined && { hint }) }
}

/** The library's issues have one text; its second line is our hint. */
function issueText(message: string, hint?: string): string {
  const line = (text: string) => text.replaceAll('\n', ' ')
  return hint === undefined ? line(message) : `${line(message)}\n${line(hint)}`
}

function pathItem(input: unknown, key: string): v.UnknownPathItem {
  return { type: 'unknown', origin: 'value', input, key, value: (input as Record<string, unknown>)[key] }
}

// ---- leaves

class Wrong {
  readonly hint: string | undefined
  readonly message: string | undefined

  constructor(hint?: string, message?: string) {
    this.hint = hint
    this.message = message
  }
}

function wrong(hint?: string, message?: string): Wrong {
  return new Wrong(hint, message)
}

/** `read` gets strings with their `${…}` already replaced. */
function leaf<T, O extends Common<unknown>>(
  doc: Doc,
  options: O,
  read: (input: unknown) => T | Wrong,
): Made<T, O> {
  const run = v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const input = dataset.value
      const value = read(input instanceof Interpolated ? convert(input.text, doc.kind) : input)
      if (!(value instanceof Wrong)) return value
      const got = doc.kind === 'secret' ? kindOf(input) : shown(input)
      const hint = input === null ? 'give it a value, or remove the key' : value.hint
      // A hint may repeat the value, so what came from the environment gets none.
      addIssue({
        message: issueText(
          value.message ?? `expected ${doc.expected}, got ${got}`,
          input instanceof Interpolated ? undefined : hint,
        ),
      })
      return NEVER
    }),
  )
  return make(doc, options, run as Engine<T>)
}

/** Environment variables are text: where the schema wants a number or a boolean their text is read as one. */
function convert(text: string, kind: Kind): unknown {
  const number = kind === 'integer' || kind === 'number'
  if (number && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim())) return Number(text)
  if (kind === 'boolean' && /^(true|false)$/i.test(text.trim())) return text.trim().toLowerCase() === 'true'
  return text
}

function quoteHint(input: unknown): string | undefined {
  return typeof input === 'number' || typeof input === 'boolean' ? `put it in quotes: "${input}"` : undefined
}

function addressHint(input: unknown): string | undefined {
  if (typeof input === 'number')
    return `write 127.0.0.1:${input}, or 0.0.0.0:${input} to listen on every interface`
  if (typeof input === 'string' && /^[\w.-]+$/.test(input)) return `add a port: ${input}:8080`
  return undefined
}

function readUrl(input: unknown, protocols: readonly string[]): string | Wrong {
  if (typeof input !== 'string') return wrong()
  const safe = withoutPassword(input)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(input)?.[1].toLowerCase()
  const written = protocols.map(protocol => `${protocol}://${safe.replace(/^\/+/, '')}`)
  if (scheme === undefined) return wrong(`write ${written.join(' or ')}`)
  if (!protocols.includes(scheme))
    return wrong(
      undefined,
      `expected a URL that begins with ${protocols.map(p => `${p}://`).join(' or ')}, got ${shown(safe)}`,
    )
  return URL.canParse(input) ? input : wrong('check the host and the port')
}

function readNumber(
  input: unknown,
  { min, max }: NumberOptions,
  fits: (n: number) => boolean,
): number | Wrong {
  if (typeof input === 'string' && input.trim() !== '' && fits(Number(input)))
    return wrong(`remove the quotes: ${Number(input)}`)
  if (typeof input !== 'number' || !fits(input)) return wrong()
  return input < (min ?? -Infinity) || input > (max ?? Infinity) ? wrong() : input
}

function readBoolean(input: unknown): boolean | Wrong {
  if (typeof input === 'boolean') return input
  if (typeof input !== 'string') return wrong()
  if (/^(true|yes|on|y)$/i.test(input)) return wrong('write true')
  return wrong(/^(false|no|off|n)$/i.test(input) ? 'write false' : undefined)
}

function readUnits(
  input: unknown,
  { min, max }: UnitOptions,
  parse: (text: string) => number | undefined,
  addUnit: (written: string) => string,
): number | Wrong {
  const bare = typeof input === 'number' ? String(input) : input
  if (typeof bare !== 'string') return wrong()
  const value = parse(bare)
  if (value === undefined || typeof input === 'number') return wrong(unitHint(bare, parse, addUnit))
  const low = min === undefined ? 0 : parse(min)!
  const high = max === undefined ? Infinity : parse(max)!
  return value < low || value > high ? wrong() : value
}

function unitHint(
  text: string,
  parse: (text: string) => number | undefined,
  addUnit: (written: string) => string,
): string | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return addUnit(text)
  const letter = /^(\d+(?:\.\d+)?)\s?([kmgt])i?b?$/i.exec(text)
  const candidates = letter
    ? [`${letter[1]}${letter[2].toUpperCase()}iB`]
    : [text.replaceAll(' ', ''), text.toLowerCase()]
  const mended = candidates.find(candidate => parse(candidate) !== undefined)
  return mended && `write ${mended}`
}

// ---- mappings

/** Lets mappings through, nothing as an empty one; names that JavaScript treats specially are refused. */
function mapping(doc: Doc) {
  return v.rawTransform<unknown, Record<string, unknown>>(({ dataset, addIssue, NEVER }) => {
    const input = dataset.value ?? {}
    if (typeof input !== 'object' || Array.isArray(input) || input instanceof Interpolated) {
      const hint = Array.isArray(input) ? 'remove the "- "' : example(doc)
      addIssue({ message: issueText(`expected ${doc.expected}, got ${kindOf(input)}`, hint) })
      return NEVER
    }
    const special = Object.keys(input).filter(key => /^(__proto__|prototype|constructor)$/.test(key))
    for (const key of special)
      addIssue({ message: issueText(`"${key}" cannot be used as a name`), path: [pathItem(input, key)] })
    return input as Record<string, unknown>
  })
}

function missing(doc: Doc, key: unknown): string {
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

function unknownOption(key: string, input: unknown, known: readonly string[]) {
  const near = nearest(key, known)
  const text = near ? `unknown option; did you mean "${near}"?` : 'unknown option'
  const hint = near || known.length === 0 ? undefined : `options here: ${shortList(known)}`
  return { message: issueText(text, hint), path: [pathItem(input, key)] as [v.UnknownPathItem] }
}

function wrongAlternative(keys: readonly string[], input: unknown, names: readonly string[]) {
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

function shortList(names: readonly string[]): string {
  return names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')}, …`
}

function docsOf(fields: Fields): Record<string, Doc> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.doc]))
}

function renamed(fields: Fields): Map<string, string> {
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

function rename(value: Record<string, unknown>, names: ReadonlyMap<string, string>): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries.map(([key, field]) => [names.get(key)!, field]))
}

// ---- descriptions

function describe(kind: Kind, expected: string, options: Common<unknown>, more: Partial<Doc> = {}): Doc {
  const { about, example } = options
  return {
    kind,
    about,
    expected,
    ...(options.optional && { optional: true as const }),
    ...(options.default !== undefined && { default: options.default }),
    ...(example !== undefined && { example }),
    ...more,
  }
}

function bounds({
  min,
  max,
}: {
  readonly min?: number | string
  readonly max?: number | string
}): Partial<Doc> {
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
}

function range({ min, max }: { readonly min?: number | string; readonly max?: number | string }): string {
  if (min !== undefined && max !== undefined) return `, from ${min} to ${max}`
  if (min !== undefined) return `, at least ${min}`
  return max === undefined ? '' : `, at most ${max}`
}
