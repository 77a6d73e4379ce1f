/** One thing wrong with a configuration. Problems are collected, never thrown one by one. */
export interface Problem {
  /** Where in the document, from the root: ['logs', 'outputs', 0, 'elasticsearch', 'url']. Module checks give it from the module's key on. */
  readonly path: readonly (string | number)[]
  /** What is wrong, one line: `expected a URL with a scheme, got "es:9200"`. Secrets are already redacted. */
  readonly message: string
  /** How to mend it. */
  readonly hint?: string
  /** The key itself is wrong, not its value. */
  readonly at?: 'key'
}
