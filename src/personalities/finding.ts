/** Where something stands in somebody else's configuration; line and column count from 1, and are 0 for what stands in no file. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Something that whoever wrote the configuration should know. An error keeps it from running. */
export interface Finding {
  readonly level: 'error' | 'warning'
  readonly place: Place
  /** What it is about: `input tail.0: buffer_max_size`; empty for what is wrong with the text itself. */
  readonly subject: string
  readonly message: string
  readonly hint?: string
}
