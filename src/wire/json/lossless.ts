/** A number as its JSON wrote it, so that nothing of it is lost: 12345678901234567890 stays what it is. */
export class JsonNumber {
  readonly text: string

  /** `text` follows JSON's grammar of numbers (RFC 8259, section 6). */
  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }

  toJSON(): unknown {
    return rawJson(this.text)
  }
}

/** A JSON value whose numbers keep their text and whose objects keep the order of their keys, whatever these are. */
export type LosslessJson =
  | null
  | boolean
  | string
  | JsonNumber
  | readonly LosslessJson[]
  | ReadonlyMap<string, LosslessJson>

/** A text that may be JSON, and has thousands of levels. */
export class JsonTooDeep extends SyntaxError {
  override readonly name = 'JsonTooDeep'
}

/**
 * Reads a JSON text (RFC 8259); a key that comes twice has its last value. Throws a SyntaxError that quotes nothing, a
 * JsonTooDeep for what no reader of ours could go through.
 */
export function parseLossless(text: string): LosslessJson {
  try {
    return JSON.parse(text, revive)
  } catch (error) {
    if (error instanceof RangeError) throw new JsonTooDeep('no valid JSON for us: it is nested too deeply')
    // V8's message shows a piece of the text, which may be what nobody is to see.
    const place = / at position (\d+)/.exec(String(error))
    throw new SyntaxError(place === null ? 'no valid JSON' : `no valid JSON at character ${place[1]}`)
  }
}

/** Writes what `parseLossless` reads, numbers with their own text. */
export function writeLossless(value: LosslessJson, indent?: number): string {
  return JSON.stringify(value, plain, indent)
}

/** The value with objects for maps and numbers for numbers, for where nothing can be lost by it. */
export function plainJson(value: LosslessJson): unknown {
  return JSON.parse(writeLossless(value))
}

/** A value of JavaScript's own as the lossless one. Throws a TypeError for what JSON does not have. */
export function losslessFrom(value: unknown): LosslessJson {
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError('JSON has no such value')
  return parseLossless(text)
}

/** Not yet in TypeScript's library: the text behind a value (ECMAScript, "JSON.parse source text access"). */
interface RevivalContext {
  readonly source?: string
}

function revive(_key: string, value: unknown, context?: RevivalContext): LosslessJson {
  if (typeof value === 'number') return new JsonNumber(context?.source ?? String(value))
  if (value === null || typeof value !== 'object' || Array.isArray(value) || value instanceof JsonNumber)
    return value as LosslessJson
  return new Map(Object.entries(value as Record<string, LosslessJson>))
}

function plain(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}

function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)
}
