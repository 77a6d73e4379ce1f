import { errorText } from '../../../kernel/log/format.ts'
import type { Value } from '../../../wire/gotemplate/value.ts'

/** A value that takes its time to be made, and is made once: keys, certificates, hashes. */
export class MadeOnce implements Disposable {
  value: Value | undefined
  problem: string | undefined
  #disposed = false

  constructor(make: () => Promise<Value>, onDone: () => void) {
    void make()
      .then(
        value => {
          this.value = value
        },
        error => {
          this.problem = errorText(error)
        },
      )
      .then(() => {
        if (!this.#disposed) onDone()
      })
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.value = undefined
  }
}
