import type { Term } from '../../../backends/kubernetes/leader.ts'

/** What only one replica may do. Resolves when it is done or the term is over. */
export type Duty = (term: Term) => Promise<void>

/** All that the leader does, begun with each term; what is added in a term begins at once. */
export class Duties {
  readonly #duties = new Set<Duty>()
  readonly #running = new Set<Promise<void>>()
  #term: Term | undefined

  /** The result ends it for later terms. */
  add(duty: Duty): () => void {
    this.#duties.add(duty)
    if (this.#term !== undefined) this.#begin(duty, this.#term)
    return () => void this.#duties.delete(duty)
  }

  /** A whole term; rejects with what a duty rejects with once all are over. */
  async lead(term: Term): Promise<void> {
    this.#term = term
    for (const duty of this.#duties) this.#begin(duty, term)
    try {
      if (!term.signal.aborted)
        await new Promise(resolve => term.signal.addEventListener('abort', resolve, { once: true }))
    } finally {
      this.#term = undefined
    }
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  #begin(duty: Duty, term: Term): void {
    const running = duty(term).finally(() => this.#running.delete(running))
    this.#running.add(running)
    // Told by `lead`, at the end of the term.
    running.catch(() => {})
  }
}
