import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'
import { milliseconds } from '../units.ts'

/** Lets only so many records pass. */
export const throttle: FilterPlugin = {
  about: 'Lets so many records pass in a time',
  options: {
    rate: option.number('1'),
    window: option.integer('5'),
    interval: option.time('1'),
    print_status: option.needless(
      'what is dropped is counted in outrigger_logs_dropped_records_total',
      'false',
    ),
    retain: option.lost('what was counted before a restart'),
  },
  translate(settings) {
    const rate = settings.number('rate') ?? 1
    const window = Math.max(1, settings.integer('window') ?? 5)
    const intervalMs = settings.time('interval') ?? 1000
    // The average over the window may not exceed the rate.
    const records = Math.max(1, Math.round(rate))
    return [
      {
        throttle: {
          records,
          burst: Math.max(records, Math.round(rate * window)),
          interval: milliseconds(Math.max(10, intervalMs)),
        },
      },
    ]
  },
}
