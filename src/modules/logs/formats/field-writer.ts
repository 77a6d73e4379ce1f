import { COLON, COMMA, DIGIT, MINUS, OPEN_BRACE, PLUS, ZERO } from '../../../wire/json/bytes.ts'
import { keyOf } from '../../../wire/json/path.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'

/** What a field's text is turned into; text that is not of its type stays text. */
export const FIELD_TYPES = ['string', 'integer', 'float', 'bool', 'hex'] as const
export type FieldType = (typeof FIELD_TYPES)[number]

/** A field of which name and type are known before any line. */
export interface Field {
  readonly name: string
  /** With quotes and colon, as it is written. */
  readonly key: Buffer
  readonly type: FieldType
}

export function fieldOf(name: string, type: FieldType = 'string'): Field {
  return { name, key: Buffer.concat([keyOf(name).quoted, Buffer.from(':')]), type }
}

/** How values are written, for formats whose fields are text by nature. */
export interface FieldOptions {
  /** Types by the field's name; the others are text. */
  readonly types?: Readonly<Record<string, FieldType>> | undefined
  /** Leaves fields without text out. */
  readonly skipEmpty?: boolean | undefined
}

/** Writes one object, a field at a time: `begin`, the fields, `end`. */
export class FieldWriter {
  readonly #types: ReadonlyMap<string, FieldType>
  readonly #skipEmpty: boolean
  #before = OPEN_BRACE

  constructor({ types = {}, skipEmpty = false }: FieldOptions = {}) {
    this.#types = new Map(Object.entries(types))
    this.#skipEmpty = skipEmpty
  }

  begin(): void {
    this.#before = OPEN_BRACE
  }

  /** A field by name, with the type that the configuration gives it. */
  field(name: string): Field {
    return fieldOf(name, this.#types.get(name))
  }

  /** Writes the text `bytes[start, end)` as the value of a field. */
  write(field: Field, bytes: Buffer, start: number, end: number, out: ByteWriter): void {
    if (this.#skipEmpty && start === end) return
    this.#key(field, out)
    writeValue(field.type, bytes, start, end, out)
  }

  /** The same for text, whose bytes it has in this encoding. */
  writeText(field: Field, text: string, encoding: 'utf8' | 'latin1', out: ByteWriter): void {
    if (field.type !== 'string') {
      const bytes = Buffer.from(text, encoding)
      this.write(field, bytes, 0, bytes.length, out)
      return
    }
    if (this.#skipEmpty && text === '') return
    this.#key(field, out)
    out.text(text, encoding)
  }

  /** Writes a field whose name stands in the line. */
  writeNamed(
    bytes: Buffer,
    nameStart: number,
    nameEnd: number,
    start: number,
    end: number,
    out: ByteWriter,
  ): void {
    if (!this.writeName(bytes, nameStart, nameEnd, start === end, out)) return
    writeValue(this.typeOf(bytes, nameStart, nameEnd), bytes, start, end, out)
  }

  /** The name and the colon; false when the field is left out. */
  writeName(bytes: Buffer, start: number, end: number, empty: boolean, out: ByteWriter): boolean {
    if (this.#skipEmpty && empty) return false
    out.byte(this.#before)
    this.#before = COMMA
    out.string(bytes, start, end)
    out.byte(COLON)
    return true
  }

  #key({ key }: Field, out: ByteWriter): void {
    out.byte(this.#before)
    this.#before = COMMA
    out.copy(key, 0, key.length)
  }

  typeOf(bytes: Buffer, start: number, end: number): FieldType {
    if (this.#types.size === 0) return 'string'
    return this.#types.get(bytes.toString('utf8', start, end)) ?? 'string'
  }

  end(out: ByteWriter): void {
    if (this.#before === OPEN_BRACE) out.byte(OPEN_BRACE)
    out.byte(0x7d)
  }
}

/** Writes the text `bytes[start, end)` as a value of this type. */
export function writeValue(
  type: FieldType,
  bytes: Buffer,
  start: number,
  end: number,
  out: ByteWriter,
): void {
  if (type !== 'string') {
    const written =
      type === 'integer' ? writeInteger(bytes, start, end, out) : writeConverted(type, bytes, start, end, out)
    if (written) return
  }
  out.string(bytes, start, end)
}

function writeInteger(bytes: Buffer, start: number, end: number, out: ByteWriter): boolean {
  let at = start
  const negative = bytes[at] === MINUS
  if (negative || bytes[at] === PLUS) at++
  if (at >= end) return false
  for (let i = at; i < end; i++) if (DIGIT[bytes[i]] === 0) return false
  while (at < end - 1 && bytes[at] === ZERO) at++
  if (negative) out.byte(MINUS)
  out.copy(bytes, at, end)
  return true
}

function writeConverted(
  type: FieldType,
  bytes: Buffer,
  start: number,
  end: number,
  out: ByteWriter,
): boolean {
  // Longer than any number or truth value.
  if (end - start > 64) return false
  const value = converted(type, bytes.toString('latin1', start, end))
  if (value === undefined) return false
  out.copy(Buffer.from(value), 0, value.length)
  return true
}

function converted(type: FieldType, text: string): string | undefined {
  switch (type) {
    case 'bool': {
      const lower = text.toLowerCase()
      return lower === 'true' || lower === 'false' ? lower : undefined
    }
    case 'hex':
      return /^(?:0[xX])?[\dA-Fa-f]+$/.test(text)
        ? BigInt(`0x${text.replace(/^0[xX]/, '')}`).toString()
        : undefined
    case 'float': {
      if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return text
      if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined
      const value = Number(text)
      return Number.isFinite(value) ? String(value) : undefined
    }
    default:
      return undefined
  }
}
