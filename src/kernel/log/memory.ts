import type { Fields, Level, Log } from './log.ts'
import type { LogRecord } from './record.ts'

/** A log that keeps what it is told, for tests. */
export class MemoryLog implements Log {
  readonly records: LogRecord[] = []
  readonly #module: string
  readonly #now: () => number

  constructor(module = 'test', now: () => number = () => 0) {
    this.#module = module
    this.#now = now
  }

  debug(event: string, message: string, fields?: Fields): void {
    this.#add('debug', event, message, fields)
  }

  info(event: string, message: string, fields?: Fields): void {
    this.#add('info', event, message, fields)
  }

  warn(event: string, message: string, fields?: Fields): void {
    this.#add('warn', event, message, fields)
  }

  error(event: string, message: string, fields?: Fields): void {
    this.#add('error', event, message, fields)
  }

  audit(event: string, message: string, fields?: Fields): void {
    this.#add('info', event, message, fields)
  }

  /** The records of one event. */
  of(event: string): LogRecord[] {
    return this.records.filter(record => record.event === event)
  }

  #add(level: Level, event: string, message: string, fields: Fields = {}): void {
    this.records.push({ timeMs: this.#now(), level, module: this.#module, event, message, fields })
  }
}
