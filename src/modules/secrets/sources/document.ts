import { DotenvError, parseDotenv } from '../../../wire/dotenv/dotenv.ts'
import { JsonNumber, JsonTooDeep, type LosslessJson, parseLossless } from '../../../wire/json/lossless.ts'
import type { FailureReason } from './source.ts'

/** How a file holds its entries; `text` is one entry named `value`. */
export type DocumentFormat = 'json' | 'yaml' | 'env' | 'text'

export type DocumentData = ReadonlyMap<string, LosslessJson>

/** A file whose entries cannot be read; the message says where and quotes nothing. */
export class DocumentError extends Error {
  override readonly name: string = 'DocumentError'
  readonly reason: FailureReason

  constructor(message: string, reason: FailureReason = 'invalid', cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

/** By the end of its name: what is neither JSON, YAML nor a list of variables is text. */
export function formatOfName(path: string): DocumentFormat {
  if (/\.json$/i.test(path)) return 'json'
  if (/\.ya?ml$/i.test(path)) return 'yaml'
  return /(?:^|[./])env$/i.test(path) ? 'env' : 'text'
}

/** What reads the entries later on goes into them step by step. */
const MAX_DEPTH = 100

/** The entries of a file, numbers with their own text. Rejects with a DocumentError. */
export async function readDocument(text: string, format: DocumentFormat): Promise<DocumentData> {
  if (format === 'text') return new Map([['value', text]])
  const value = await parsed(text, format)
  if (isDeeper(value, MAX_DEPTH)) throw tooDeep()
  if (value instanceof Map) return value
  throw new DocumentError(
    `expected a mapping of names to values, got ${Array.isArray(value) ? 'a list' : 'one value'}`,
  )
}

function tooDeep(): DocumentError {
  return new DocumentError(`it nests too deeply: at most ${MAX_DEPTH} levels are read`)
}

function isDeeper(value: LosslessJson, depth: number): boolean {
  if (!Array.isArray(value) && !(value instanceof Map)) return false
  if (depth === 0) return true
  for (const inner of value.values() as Iterable<LosslessJson>) if (isDeeper(inner, depth - 1)) return true
  return false
}

async function parsed(text: string, format: 'json' | 'yaml' | 'env'): Promise<LosslessJson> {
  try {
    if (format === 'env') return parseDotenv(text)
    return format === 'json' ? parseLossless(text) : await parseYaml(text)
  } catch (error) {
    if (error instanceof DotenvError) throw new DocumentError(error.message)
    if (error instanceof JsonTooDeep) throw tooDeep()
    if (error instanceof SyntaxError) throw new DocumentError(`no valid JSON at ${placeIn(text, error)}`)
    // The reader of YAML goes into it step by step, too.
    if (error instanceof RangeError) throw tooDeep()
    throw error
  }
}

/** Of a mistake that tells the number of the character; without one it is the end that is missing. */
function placeIn(text: string, { message }: SyntaxError): string {
  return lineAndColumn(text, Number(/ at character (\d+)$/.exec(message)?.[1] ?? text.length))
}

function lineAndColumn(text: string, at: number): string {
  const before = text.slice(0, at).split('\n')
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`
}

async function parseYaml(text: string): Promise<LosslessJson> {
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text, {
    intAsBigInt: true,
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
  })
  const mistake = document.errors[0]
  // The library's own words show pieces of the text.
  if (mistake !== undefined)
    throw new DocumentError(
      `no valid YAML at ${lineAndColumn(text, mistake.pos[0])} (${mistake.code.toLowerCase()})`,
    )
  try {
    return fromYaml(document.toJS({ mapAsMap: true, maxAliasCount: 100 }))
  } catch {
    throw new DocumentError('no valid YAML: an alias leads nowhere, or too many of them')
  }
}

function fromYaml(value: unknown): LosslessJson {
  if (typeof value === 'bigint') return new JsonNumber(String(value))
  if (typeof value === 'number') return Number.isFinite(value) ? new JsonNumber(String(value)) : String(value)
  if (Array.isArray(value)) return value.map(fromYaml)
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [String(key), fromYaml(inner)]))
  return typeof value === 'string' || typeof value === 'boolean' ? value : null
}
