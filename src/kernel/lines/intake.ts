/** Takes lines from another module in. */
export interface LineIntake {
  /** Whole lines, each with its line feed. Resolves once they are safe; rejects when they were not taken. */
  take(lines: Buffer): Promise<void>
}

/** What the module `logs` offers. */
export interface LogsOffer {
  /** For the access log of the proxy; undefined when no input asks for it. */
  readonly proxy: LineIntake | undefined
}
