import type { Io } from './io.ts'

/** How a command was called. */
export interface Call {
  readonly io: Io
  /** By the option's long name. */
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
  /** All that stood behind `--`; undefined when there was none. */
  readonly rest: readonly string[] | undefined
}
