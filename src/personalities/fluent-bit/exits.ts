/** When a configuration is done, so that the process is to end. */
export type Exit =
  /** As soon as what is there has been read; the orderly end reads to the end of it. */
  | { readonly kind: 'end of input'; readonly why: string }
  /** As soon as an input has come to its end: the metric `stdin_ended` says so. */
  | { readonly kind: 'input ended'; readonly why: string; readonly input: string }
  /** As soon as a record does not meet a step `expect`. */
  | { readonly kind: 'unexpected record'; readonly why: string; readonly code: number }
  /** As soon as an output has got so much. */
  | {
      readonly kind: 'output'
      readonly why: string
      readonly output: string
      readonly flushes?: number
      readonly records?: number
      readonly afterMs?: number
    }
