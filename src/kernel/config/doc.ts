import type { Common } from './schema.ts'

/** What a schema says of itself: the source of `outrigger explain`, the JSON Schema and the reference pages. */
export interface Doc {
  readonly kind: Kind
  /** A sentence for users. */
  readonly about: string
  readonly optional?: true
  /** In the notation of the file. */
  readonly default?: unknown
  /** In the notation of the file. */
  readonly example?: unknown
  /** What a message calls the value: `a URL with a scheme`. */
  readonly expected: string
  /** Source of the regular expression that a string must match. */
  readonly pattern?: string
  readonly protocols?: readonly string[]
  /** Bounds in the notation of the file: numbers, or strings with units. */
  readonly min?: number | string
  readonly max?: number | string
  readonly minItems?: number
  readonly choices?: readonly string[]
  /** Of a list or a map. */
  readonly item?: Doc
  /** Of an object, in the order of the schema. */
  readonly fields?: Readonly<Record<string, Doc>>
  /** Of a tagged mapping: the field whose text names the alternative. */
  readonly tag?: string
  /** Of a single-key object or a tagged mapping. */
  readonly alternatives?: Readonly<Record<string, Doc>>
}

export type Kind =
  | 'string'
  | 'secret'
  | 'url'
  | 'address'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'duration'
  | 'size'
  | 'choice'
  | 'scalar'
  | 'list'
  | 'map'
  | 'object'
  | 'oneOf'
  | 'tagged'
  | 'ignored'

export function describe(
  kind: Kind,
  expected: string,
  options: Common<unknown>,
  more: Partial<Doc> = {},
): Doc {
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

/** In the notation of the file. */
export interface Bounds {
  readonly min?: number | string
  readonly max?: number | string
}

export function bounds({ min, max }: Bounds): Bounds {
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
}

/** ` from 1 to 5`, `, at least 1` or nothing. */
export function range({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  if (min !== undefined) return `, at least ${min}`
  return max === undefined ? '' : `, at most ${max}`
}
