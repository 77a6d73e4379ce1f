export type Level = 'debug' | 'info' | 'warn' | 'error'

/**
 * The sidecar's own log. `event` is a stable snake_case name that alerts can rely on;
 * `message` is for people and may change.
 */
export interface Log {
  debug(event: string, message: string, fields?: Fields): void
  info(event: string, message: string, fields?: Fields): void
  warn(event: string, message: string, fields?: Fields): void
  error(event: string, message: string, fields?: Fields): void
  /** As info, and never held back however many there are: an account of decisions, of which each has to be there. */
  audit(event: string, message: string, fields?: Fields): void
}

export type Fields = Readonly<Record<string, unknown>>
