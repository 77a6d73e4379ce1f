import type { Clock } from '../clock/clock.ts'
import type { LogRecord } from './record.ts'

/** This many messages of one event pass in a window; the rest are counted and told when it ends. */
const BURST = 10
const WINDOW_MS = 10_000

interface Window {
  passed: number
  suppressed: number
  last: LogRecord
}

/** Lets the first messages of an event through and says afterwards how many more there were. Debug messages are never held back. */
export class LogLimit {
  readonly #windows = new Map<string, Window>()
  readonly #clock: Pick<Clock, 'timeout' | 'now'>
  readonly #write: (record: LogRecord) => void
  readonly #onSuppressed: (record: LogRecord) => void
  readonly #cancels = new Map<string, () => void>()

  constructor(
    clock: Pick<Clock, 'timeout' | 'now'>,
    write: (record: LogRecord) => void,
    onSuppressed: (record: LogRecord) => void,
  ) {
    this.#clock = clock
    this.#write = write
    this.#onSuppressed = onSuppressed
  }

  take(record: LogRecord): void {
    if (record.level === 'debug') {
      this.#write(record)
      return
    }
    const key = `${record.level} ${record.module} ${record.event}`
    const window = this.#windows.get(key) ?? this.#open(key, record)
    if (window.passed < BURST) {
      window.passed++
      this.#write(record)
    } else {
      window.suppressed++
      window.last = record
      this.#onSuppressed(record)
    }
  }

  /** Ends all windows: what was suppressed is told now. */
  flush(): void {
    for (const key of [...this.#windows.keys()]) this.#close(key)
  }

  #open(key: string, record: LogRecord): Window {
    const window = { passed: 0, suppressed: 0, last: record }
    this.#windows.set(key, window)
    const timer = this.#clock.timeout(WINDOW_MS, () => this.#close(key))
    this.#cancels.set(key, () => timer.cancel())
    return window
  }

  #close(key: string): void {
    const window = this.#windows.get(key)
    if (!window) return
    this.#windows.delete(key)
    this.#cancels.get(key)?.()
    this.#cancels.delete(key)
    if (window.suppressed === 0) return
    const { level, module, event, message } = window.last
    this.#write({
      timeMs: this.#clock.now(),
      level,
      module,
      event: 'messages_suppressed',
      message: `${window.suppressed} more messages ${event} within ${WINDOW_MS / 1000} s were not written; the last: ${message}`,
      fields: { suppressed_event: event, suppressed: window.suppressed },
    })
  }
}
