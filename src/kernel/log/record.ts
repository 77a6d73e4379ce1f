import type { Fields, Level } from './log.ts'

/** One message of the sidecar's own log. */
export interface LogRecord {
  readonly timeMs: number
  readonly level: Level
  readonly module: string
  readonly event: string
  readonly message: string
  readonly fields: Fields
}
