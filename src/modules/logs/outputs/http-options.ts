import { type Schema, s } from '../../../kernel/config/schema.ts'

/** The options of sending that all outputs over HTTP share; only their defaults differ. */
export function sendingOptions<const Body extends string>(maxBody: {
  readonly default: Body
  readonly max: string
  readonly about?: string
}) {
  return {
    timeout: s.duration({
      about: 'How long one request may take, answer included.',
      default: '30s',
      min: '1s',
    }),
    maxBody: s.size({
      about: maxBody.about ?? 'The largest request body before compression.',
      default: maxBody.default,
      min: '16KiB',
      max: maxBody.max,
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a request.',
      default: '1s',
      min: '10ms',
    }),
    concurrency: s.integer({
      about:
        'How many requests may be under way at once. With 1 the records arrive in the order in which they were read.',
      default: 2,
      min: 1,
      max: 64,
    }),
  }
}

/** What an option that names a number of records looks like. */
export function maxRecordsOption(most: number) {
  return s.integer({ about: 'The most records in one request.', default: most, min: 1, max: 1_000_000 })
}

export const compressions = ['none', 'gzip', 'zstd', 'snappy'] as const

export function compressOption<const C extends readonly string[]>(
  choices: C,
  preset: C[number],
): Schema<C[number]> {
  return s.choice(choices, {
    about: 'How request bodies are compressed. Saves most of the traffic and costs CPU time.',
    default: preset,
  })
}
