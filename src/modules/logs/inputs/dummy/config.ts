import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

/** The options of `dummy`. */
export const dummyFields = {
  record: s.string({
    about: 'The record, as JSON.',
    default: '{"message":"dummy"}',
    example: '{"level":"info","message":"hello"}',
  }),
  interval: s.duration({ about: 'How often records are made.', default: '1s', min: '1ms' }),
  copies: s.integer({ about: 'How many records are made each time.', default: 1, min: 1, max: 10_000 }),
  samples: s.integer({
    about: 'How often records are made before it stops. Without it, it goes on for ever.',
    optional: true,
    min: 1,
  }),
  startTime: s.integer({
    about:
      'The time of the first record, milliseconds since the epoch; it goes on from there. Without it records have the time at which they are made.',
    optional: true,
  }),
} as const

const dummySchema = s.object(dummyFields, { about: 'Makes records.' })
export type DummyConfig = Infer<typeof dummySchema>

/** Paths begin behind the input's kind. */
export function checkDummy({ record }: DummyConfig, path: Problem['path']): Problem[] {
  try {
    const value: unknown = JSON.parse(record)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return []
  } catch {
    // Told below.
  }
  const message = `expected a JSON object, got ${JSON.stringify(record)}`
  return [{ path: [...path, 'record'], message, hint: `record: '{"message":"hello"}'` }]
}
