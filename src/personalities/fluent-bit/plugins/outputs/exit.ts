import { option } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'

/** Ends the process once it has got enough. */
export const exit: OutputPlugin = {
  about: 'Ends the process after so many flushes, records or seconds',
  options: {
    flush_count: option.integer('-1'),
    record_count: option.integer('-1'),
    time_count: option.integer('-1'),
  },
  translate(settings, { name }) {
    const [flushes, records, seconds] = ['flush_count', 'record_count', 'time_count'].map(key => {
      const count = settings.integer(key)
      return count === undefined || count < 0 ? undefined : count
    })
    const none = flushes === undefined && records === undefined && seconds === undefined
    return {
      kind: 'null',
      options: {},
      exit: {
        kind: 'output',
        why: `the output ${name} has got enough`,
        output: name,
        ...((flushes !== undefined || none) && { flushes: flushes ?? 1 }),
        ...(records !== undefined && { records }),
        ...(seconds !== undefined && { afterMs: seconds * 1000 }),
      },
    }
  },
}
