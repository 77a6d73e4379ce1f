/**
 * The terminal that a process was started in and still writes to or reads from. Services and jobs under nohup have none,
 * nor has a job whose three streams all lead elsewhere.
 */
export class Terminal {
  readonly #descriptors: readonly number[]
  readonly #isTerminal: (descriptor: number) => boolean

  constructor(isTerminal: (descriptor: number) => boolean = process.getBuiltinModule('node:tty').isatty) {
    this.#isTerminal = isTerminal
    this.#descriptors = [0, 1, 2].filter(isTerminal)
  }

  /** Whether its window was closed: then SIGHUP is no request to reload. */
  get isClosed(): boolean {
    return this.#descriptors.length > 0 && !this.#descriptors.some(this.#isTerminal)
  }
}
