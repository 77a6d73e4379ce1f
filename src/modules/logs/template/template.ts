import { Kind } from '../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../wire/json/path.ts'
import { JsonRecord } from '../../../wire/json/record.ts'
import { ValueSpan } from '../../../wire/json/value.ts'
import type { Batch, Origin } from '../batch.ts'
import { type Choice, type Part, parseTemplate, type TemplateRules } from './parse.ts'

/** What a template draws on in a record. */
export interface TemplateView {
  readonly timeMs: number
  readonly origin: Pick<Origin, 'input' | 'path' | 'tag'>
  /** Of the pattern that has just matched. */
  readonly captures?: readonly (string | undefined)[]
  /** A text as it is, other values as JSON; undefined for what is missing, null or an empty text. */
  text(path: KeyPath): string | undefined
}

/** One record after the other, its fields read only when somebody asks. */
export class RecordView implements TemplateView {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  timeMs = 0
  origin!: Origin
  readonly record = new JsonRecord()
  readonly #value = new ValueSpan()
  #opened = false
  #readable = false

  /** Turns to record `i` of the batch. */
  at(batch: Batch, i: number): this {
    this.bytes = batch.bytes
    this.start = batch.starts[i]
    this.end = batch.ends[i]
    this.timeMs = batch.timesMs[i]
    this.origin = batch.origin
    this.#opened = false
    return this
  }

  /** The field's value; good until the next call. Undefined when there is none. */
  find(path: KeyPath): ValueSpan | undefined {
    return this.open() && this.record.locate(path, this.#value) ? this.#value : undefined
  }

  /** Whether `record` stands on it now; false when it is not an object. */
  open(): boolean {
    if (!this.#opened) {
      this.#readable = this.record.open(this.bytes, this.start, this.end)
      this.#opened = true
    }
    return this.#readable
  }

  /** A text as it is, other values as JSON; undefined for what is missing, null or an empty text. */
  text(path: KeyPath): string | undefined {
    const value = this.find(path)
    if (value === undefined || value.kind === Kind.null) return undefined
    const text = value.asText()
    return text === '' ? undefined : text
  }
}

/** What a template may draw on beside the record. */
export interface TemplateContext {
  readonly hostname: string
  /** Makes what a record brought fit for its place; what an empty text comes from counts as missing. */
  readonly clean?: (value: string) => string
  readonly uuid?: () => string
  readonly index?: () => string
}

/** A text with places that each record fills. */
export interface Template {
  /** The text, when every record has the same. */
  readonly fixed: string | undefined
  /** Whether it asks for fields, so that each record has to be opened. */
  readonly readsFields: boolean
  readonly readsTime: boolean
  /** Undefined when the record has nothing for one of the places. */
  render(view: TemplateView): string | undefined
}

/** Compiles a template whose text has been checked with `checkTemplate`. */
export function compileTemplate(text: string, context: TemplateContext, rules: TemplateRules = {}): Template {
  const parsed = parseTemplate(text, rules)
  if ('problem' in parsed) throw new Error(`${text} is not a template: ${parsed.problem}`)
  const parts = parsed.map(part => settled(part, context))
  const pieces = parts.map(part => pieceOf(part, context))
  const choices = parts.flatMap(part => (part.kind === 'first' ? part.of : []))
  return {
    fixed: parts.every(({ kind }) => kind === 'text') ? pieces.join('') : undefined,
    readsFields: choices.some(({ kind }) => kind === 'field'),
    readsTime: parts.some(({ kind }) => kind === 'time'),
    render(view) {
      let text = ''
      for (const piece of pieces) {
        const value = typeof piece === 'string' ? piece : piece(view)
        if (value === undefined) return undefined
        text += value
      }
      return text
    },
  }
}

/** What is known beforehand becomes text. */
function settled(part: Part, { hostname, clean = text => text }: TemplateContext): Part {
  if (part.kind !== 'first') return part
  const of: Choice[] = part.of.map(choice =>
    choice.kind === 'name' && choice.name === 'hostname' ? { kind: 'text', text: clean(hostname) } : choice,
  )
  return of[0].kind === 'text' ? of[0] : { kind: 'first', of }
}

type Piece = string | ((view: TemplateView) => string | undefined)

function pieceOf(part: Part, context: TemplateContext): Piece {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'time':
      return timePiece(part.format)
    case 'first': {
      const reads = part.of.map(choice => readOf(choice, context))
      if (reads.length === 1) return reads[0]
      return view => {
        for (const read of reads) {
          const value = read(view)
          if (value !== undefined) return value
        }
        return undefined
      }
    }
  }
}

/** Records follow each other closely: the same second is written once. */
function timePiece(format: (timeMs: number) => string): Piece {
  let madeFor = Number.NaN
  let text = ''
  return ({ timeMs }) => {
    if (timeMs !== madeFor) {
      madeFor = timeMs
      text = format(timeMs)
    }
    return text
  }
}

function readOf(
  choice: Choice,
  { hostname, clean, uuid, index }: TemplateContext,
): (view: TemplateView) => string | undefined {
  const cleaned = (value: string | undefined) => {
    const text = value === undefined || clean === undefined ? value : clean(value)
    return text === '' ? undefined : text
  }
  switch (choice.kind) {
    case 'text':
      return () => choice.text
    case 'field': {
      const path = keyPathOf(choice.path)
      return view => cleaned(view.text(path))
    }
    case 'tagPart':
      return ({ origin }) => cleaned(origin.tag.split('.').at(choice.index))
    case 'capture':
      return ({ captures }) => cleaned(captures?.[choice.group])
    case 'name':
      switch (choice.name) {
        case 'tag':
          return ({ origin }) => cleaned(origin.tag)
        case 'input':
          return ({ origin }) => cleaned(origin.input)
        case 'path':
          return ({ origin }) => cleaned(origin.path)
        case 'hostname':
          return () => cleaned(hostname)
        case 'uuid':
          return () => uuid?.()
        case 'index':
          return () => index?.()
      }
  }
}
