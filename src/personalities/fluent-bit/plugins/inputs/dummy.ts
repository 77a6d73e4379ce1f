import { option } from '../option.ts'
import type { InputPlugin } from '../plugin.ts'
import { milliseconds } from '../units.ts'

/** Makes records. */
export const dummy: InputPlugin = {
  about: 'Makes records',
  options: {
    dummy: option.text('{"message":"dummy"}'),
    metadata: option.lost('metadata of the records', '{}'),
    start_time_sec: option.integer('0'),
    start_time_nsec: option.integer('0'),
    rate: option.integer('1'),
    interval_sec: option.integer('0'),
    interval_nsec: option.integer('0'),
    samples: option.integer('0'),
    copies: option.integer('1'),
    flush_on_startup: option.needless('the first record is made at the start', 'false'),
    fixed_timestamp: option.boolean('off'),
    test_hang_on_exit: option.needless('for tests of its own'),
  },
  translate(settings) {
    const record = settings.text('dummy')
    if (record !== undefined && !isObject(record)) {
      settings.fail(settings.placeOf('dummy'), 'dummy', `expected a JSON object, got ${record}`)
      return undefined
    }
    const intervalMs =
      (settings.integer('interval_sec') ?? 0) * 1000 + (settings.integer('interval_nsec') ?? 0) / 1e6
    const rate = settings.integer('rate') ?? 1
    const everyMs = intervalMs > 0 ? intervalMs : 1000 / Math.max(1, rate)
    // Faster than the clock ticks: several at once.
    const together = Math.max(1, Math.round(1 / everyMs))
    const samples = settings.integer('samples') ?? 0
    const startMs =
      (settings.integer('start_time_sec') ?? 0) * 1000 + (settings.integer('start_time_nsec') ?? 0) / 1e6
    return {
      kind: 'dummy',
      options: {
        ...(record !== undefined && { record }),
        interval: milliseconds(Math.max(1, Math.round(everyMs))),
        copies: together * Math.max(1, settings.integer('copies') ?? 1),
        ...(samples > 0 && { samples }),
        ...(startMs > 0 && { startTime: Math.round(startMs) }),
      },
    }
  },
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
