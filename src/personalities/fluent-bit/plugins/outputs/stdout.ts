import { dateOf, dateOptions } from '../date.ts'
import { option } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { milliseconds } from '../units.ts'

/** Prints records and metrics. */
export const stdout: OutputPlugin = {
  about: 'Prints records, and metrics, to standard output',
  options: { format: option.text('msgpack'), ...dateOptions },
  metrics: () => ({ kind: 'stdout', options: {} }),
  translate(settings, { flushMs }) {
    const format =
      settings.choice('format', ['msgpack', 'json', 'json_lines', 'json_stream'] as const) ?? 'msgpack'
    const flushInterval = milliseconds(flushMs)
    if (format === 'msgpack') return { kind: 'stdout', options: { format: 'text', flushInterval } }
    const date = dateOf(settings)
    return {
      kind: 'stdout',
      options: { format: format === 'json' ? 'array' : 'json', ...(date && { time: date }), flushInterval },
    }
  },
}
