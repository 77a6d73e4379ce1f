import { parserFormat } from '../../parsers/format.ts'
import { option } from '../option.ts'
import type { InputPlugin } from '../plugin.ts'
import { milliseconds } from '../units.ts'

/** The output of a command of the shell, at an interval. */
export const exec: InputPlugin = {
  about: 'Runs a command of the shell at an interval, and reads what it writes',
  options: {
    command: option.text(),
    parser: option.text(),
    interval_sec: option.integer('1'),
    interval_nsec: option.integer('0'),
    buf_size: option.needless('a line may have 1 MiB', '4096'),
    oneshot: option.boolean('off'),
    exit_after_oneshot: option.lost('the end of the process behind the command', 'off'),
    propagate_exit_code: option.lost('the exit code of the command', 'on'),
  },
  translate(settings, around) {
    const command = settings.text('command')
    if (command === undefined) {
      settings.fail(settings.place, 'command', 'is missing', 'command tail -n 1 /var/log/app.log')
      return undefined
    }
    const format = parserFormat(settings, 'parser', around, { key: 'exec' })
    if (format === undefined) return undefined
    const intervalMs =
      (settings.integer('interval_sec') ?? 1) * 1000 + (settings.integer('interval_nsec') ?? 0) / 1e6
    return {
      kind: 'exec',
      options: {
        command: ['sh', '-c', command],
        interval: milliseconds(Math.max(10, Math.round(intervalMs))),
        ...(settings.boolean('oneshot') && { runs: 1 }),
        ...format.options,
      },
      steps: format.steps,
    }
  },
}
