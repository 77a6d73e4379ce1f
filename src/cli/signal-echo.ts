/** The launcher passes a signal on at once; a machine under load may take its time. */
const ECHO_MS = 300

/**
 * Under a launcher, who signals the whole group (as systemd and `timeout` do) is heard twice: once by us, and once by way
 * of the launcher. The second time must not be taken for impatience.
 */
export class SignalEcho {
  readonly #monotonic: () => number
  #last: NodeJS.Signals | undefined
  #lastMs = 0

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  /** Whether this is the same signal as the one before, come by the other way. */
  isEcho(signal: NodeJS.Signals): boolean {
    const nowMs = this.#monotonic()
    const isEcho = signal === this.#last && nowMs - this.#lastMs < ECHO_MS
    // Of three the third is a signal again.
    this.#last = isEcho ? undefined : signal
    this.#lastMs = nowMs
    return isEcho
  }
}
