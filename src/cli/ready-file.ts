import { rmSync, writeFileSync } from 'node:fs'

/** A file that exists while the sidecar is up, for supervisors that look at files. */
export class ReadyFile implements Disposable {
  readonly #path: string

  /** Throws when it cannot be written. */
  constructor(path: string) {
    this.#path = path
    writeFileSync(path, `${process.pid}\n`)
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { force: true })
  }
}
