import type { Clock } from '../clock/clock.ts'
import type { Format } from './format.ts'
import { LogLimit } from './limit.ts'
import type { Fields, Level, Log } from './log.ts'
import type { LogRecord } from './record.ts'

export const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error']

/** Whether a log at level `set` has messages of `level`. */
export function isShown(level: Level, set: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(set)
}

export interface LoggerOptions {
  /** Takes one line; must not throw. */
  readonly write: (line: string) => void
  readonly format: Format
  readonly clock: Pick<Clock, 'timeout' | 'now'>
  readonly level?: Level
}

/** The process's log: one level for all, every module's view made by `for`. */
export class Logger {
  level: Level
  /** May be changed when the configuration is known. */
  format: Format
  /** Told of each record that was written or held back; the kernel counts them. */
  onRecord: (record: LogRecord, suppressed: boolean) => void = () => {}
  readonly #now: () => number
  readonly #put: (record: LogRecord) => void
  readonly #limit: LogLimit

  constructor({ write, format, clock, level = 'info' }: LoggerOptions) {
    this.level = level
    this.format = format
    this.#now = () => clock.now()
    this.#put = record => {
      this.onRecord(record, false)
      write(this.format(record, this.level === 'debug'))
    }
    this.#limit = new LogLimit(clock, this.#put, record => this.onRecord(record, true))
  }

  /** A module's log. */
  for(module: string): Log {
    const at =
      (level: Level, take = (record: LogRecord) => this.#limit.take(record)) =>
      (event: string, message: string, fields: Fields = {}) => {
        if (!isShown(level, this.level)) return
        take({ timeMs: this.#now(), level, module, event, message, fields })
      }
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      audit: at('info', this.#put),
    }
  }

  /** Tells now what was held back; for the end of the process. */
  flush(): void {
    this.#limit.flush()
  }
}
