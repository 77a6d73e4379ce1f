/** Lets one part wait until another has news. */
export class Notice {
  readonly #waiting = new Set<() => void>()

  /** Resolves at the next `give`; rejects with the signal's reason when it aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const stop = () => {
        this.#waiting.delete(go)
        reject(signal.reason)
      }
      const go = () => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.add(go)
    })
  }

  give(): void {
    const calls = [...this.#waiting]
    this.#waiting.clear()
    for (const call of calls) call()
  }
}
