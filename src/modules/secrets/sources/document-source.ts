import type { Stats } from 'node:fs'
import type { Clock } from '../../../kernel/clock/clock.ts'
import { ConfigWatch } from '../../../kernel/lifecycle/config-watch.ts'
import type { Health } from '../../../kernel/module.ts'
import { type SecretData, SecretValue } from '../secret/value.ts'
import { DocumentError } from './document.ts'
import { entriesAt, namesAt, WHOLE } from './document-entries.ts'
import { type SecretRequest, type SecretSource, SourceFailure } from './source.ts'
import { fileFailure, readWholeFile } from './whole-file.ts'

export interface DocumentSourceGiven {
  /** Absolute. */
  readonly path: string
  /** More files whose changes matter, such as that of the key. */
  readonly alsoWatched: readonly string[]
  readonly maxBytes: number
  readonly clock: Clock
  /** Reads the entries out of the file's bytes; rejects with a message that shows none of them. */
  readonly read: (bytes: Buffer) => Promise<SecretData>
  /** Sees the file each time that it is read. */
  readonly onRead?: (stats: Stats) => void
}

/** A burst of requests, as at the start, opens the file once. */
const KEPT_MS = 1000

/** A file with many secrets as a source: `all` is the whole of it, `app/db` what lies at that place of it. */
export class DocumentSource implements SecretSource, Disposable {
  readonly #given: DocumentSourceGiven
  readonly #listeners = new Set<() => void>()
  #watch: ConfigWatch | undefined
  #kept: { readonly document: Promise<SecretData>; readonly timer: { cancel(): void } } | undefined
  #failure: string | undefined

  constructor(given: DocumentSourceGiven) {
    this.#given = given
  }

  async fetch({ path, version, write }: SecretRequest, signal?: AbortSignal): Promise<SecretValue> {
    signal?.throwIfAborted()
    if (write !== undefined || version !== undefined)
      throw new SourceFailure(
        'invalid',
        `${path}: ${this.#given.path} has no versions, and is not written to`,
      )
    const data = entriesAt(await this.#document(), path)
    signal?.throwIfAborted()
    if (data === undefined)
      throw new SourceFailure(
        'missing',
        `${this.#given.path} has nothing at ${path}; ${WHOLE} is the whole of it`,
      )
    // Several callers share what was read.
    return new SecretValue({ data: new Map(data), timing: { kind: 'watched' } })
  }

  async list(path: string): Promise<readonly string[]> {
    return namesAt(await this.#document(), path)
  }

  watch(_request: SecretRequest, changed: () => void): Disposable {
    if (this.#watch === undefined) {
      this.#watch = new ConfigWatch(this.#given.clock, () => this.#changed())
      // What changed while the watch was being set up is seen by asking again.
      void this.#watch.watch([this.#given.path, ...this.#given.alsoWatched]).then(() => this.#changed())
    }
    const listener = () => changed()
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  health(): Health {
    if (this.#failure === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'failed', message: this.#failure }
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]()
    this.#listeners.clear()
    this.#forget()
  }

  #changed(): void {
    this.#forget()
    for (const listener of this.#listeners) listener()
  }

  #forget(): void {
    this.#kept?.timer.cancel()
    this.#kept = undefined
  }

  async #document(): Promise<SecretData> {
    this.#kept ??= {
      document: this.#read(),
      timer: this.#given.clock.timeout(KEPT_MS, () => {
        this.#kept = undefined
      }),
    }
    try {
      const document = await this.#kept.document
      this.#failure = undefined
      return document
    } catch (error) {
      this.#forget()
      const failure = this.#failureOf(error)
      this.#failure = failure.message
      throw failure
    }
  }

  #failureOf(error: unknown): SourceFailure {
    const { path } = this.#given
    const failure = fileFailure(error, path)
    if (failure instanceof SourceFailure) return failure
    const reason = error instanceof DocumentError ? error.reason : 'unavailable'
    return new SourceFailure(reason, `${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }

  async #read(): Promise<SecretData> {
    const { path, maxBytes, read, onRead } = this.#given
    const { bytes, stats } = await readWholeFile(path, maxBytes)
    onRead?.(stats)
    return read(bytes)
  }
}
