import * as v from 'valibot'
import type { Doc } from './doc.ts'
import { Interpolated } from './interpolated.ts'
import type { Problem } from './problem.ts'
import { convert, Wrong } from './reading.ts'
import type { Common, Decoded, Made, Schema } from './schema.ts'
import { kindOf, shown } from './value.ts'

/** The schema library does the walking, the paths and the collecting; only this folder knows it. */
export type Engine<T> = v.GenericSchema<unknown, T>

export function engineOf<T>(schema: Schema<T>): Engine<T> {
  if (schema instanceof BuiltSchema) return schema.engine as Engine<T>
  throw new TypeError('a schema must be made by the constructors of `s`')
}

export function make<T, O extends Common<unknown>>(doc: Doc, options: O, build: () => Engine<T>): Made<T, O> {
  return new BuiltSchema(doc, options, build) as unknown as Made<T, O>
}

/** Its engine is built when it first decodes something: most of what could be configured never is, and engines are large. */
class BuiltSchema<T> implements Schema<T> {
  readonly doc: Doc
  readonly #default: unknown
  #build: (() => Engine<T>) | undefined
  #engine: Engine<T> | undefined

  constructor(doc: Doc, options: Common<unknown>, build: () => Engine<T>) {
    this.doc = doc
    this.#default = options.default
    this.#build = build
    if (doc.optional) Object.assign(this, { optional: true })
  }

  get engine(): Engine<T> {
    if (this.#build !== undefined) {
      const engine = this.#build()
      const lenient = this.doc.optional || this.doc.default !== undefined
      this.#engine = lenient ? (v.optional(engine, this.#default as never) as Engine<T>) : engine
      this.#build = undefined
    }
    return this.#engine as Engine<T>
  }

  decode(input: unknown): Decoded<T> {
    return decode(this.engine, input)
  }
}

function decode<T>(engine: Engine<T>, input: unknown): Decoded<T> {
  const result = v.safeParse(engine, input)
  if (result.success) return { ok: true, value: result.output }
  return { ok: false, problems: result.issues.map(problemOf) }
}

function problemOf(issue: v.BaseIssue<unknown>): Problem {
  const [message, hint] = issue.message.split('\n')
  const path = issue.path?.map(item => item.key as string | number) ?? []
  const atKey = issue.path?.at(-1)?.origin === 'key'
  return { path, message, ...(hint !== undefined && { hint }), ...(atKey && { at: 'key' }) }
}

/** The library's issues have one text; its second line is our hint. */
export function issueText(message: string, hint?: string): string {
  const line = (text: string) => text.replaceAll('\n', ' ')
  return hint === undefined ? line(message) : `${line(message)}\n${line(hint)}`
}

export function pathItem(input: unknown, key: string, origin: 'key' | 'value' = 'value'): v.UnknownPathItem {
  return { type: 'unknown', origin, input, key, value: (input as Record<string, unknown>)[key] }
}

/** `read` gets strings with their `${…}` already replaced. */
export function leaf<T, O extends Common<unknown>>(
  doc: Doc,
  options: O,
  read: (input: unknown) => T | Wrong,
): Made<T, O> {
  const build = () =>
    v.pipe(
      v.unknown(),
      v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
        const input = dataset.value
        const value = read(input instanceof Interpolated ? convert(input.text, doc.kind) : input)
        if (!(value instanceof Wrong)) return value
        const got = doc.kind === 'secret' ? kindOf(input) : shown(input)
        const hint = input === null ? 'give it a value, or remove the key' : value.hint
        const message = `expected ${value.expected ?? doc.expected}, got ${got}`
        // A hint may repeat the value, so what came from the environment gets none.
        addIssue({ message: issueText(message, input instanceof Interpolated ? undefined : hint) })
        return NEVER
      }),
    )
  return make(doc, options, build as () => Engine<T>)
}
