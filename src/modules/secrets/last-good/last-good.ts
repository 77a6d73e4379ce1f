import { join } from 'node:path'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import { errorText } from '../../../kernel/log/format.ts'
import type { Host } from '../../../kernel/module.ts'
import { parseLossless, writeLossless } from '../../../wire/json/lossless.ts'
import type { SecretValue } from '../secret/value.ts'
import { type KeySource, readKey } from '../store/key-sources.ts'
import { type DerivedKey, deriveKey, keyHeaderOf, newKey, seal, unseal } from '../store/sealing.ts'
import { readStoreFile, replaceFile } from '../store/store-file.ts'
import { decodeKept, encodeKept, type KeptSecret } from './kept-value.ts'

const FILE = 'last-good'
const MAX_BYTES = 256 * 1024 * 1024
/** Secrets that change within this time are written once. */
const GATHER_MS = 1000

export interface LastGoodGiven {
  readonly clock: Clock
  readonly log: Host['log']
  readonly folder: string
  readonly key: KeySource
  /** What is held now. */
  readonly held: () => Iterable<KeptSecret>
}

/** The values of an earlier process, and a sealed file of the present ones for the next. A killed process leaves the old file or the new one. */
export class LastGood implements AsyncDisposable {
  readonly #given: LastGoodGiven
  readonly #kept: ReadonlyMap<string, SecretValue>
  readonly #key: DerivedKey
  readonly #path: string
  #timer: Timer | undefined
  #writing: Promise<void> | undefined
  #problem: string | undefined

  private constructor(given: LastGoodGiven, kept: ReadonlyMap<string, SecretValue>, key: DerivedKey) {
    this.#given = given
    this.#kept = kept
    this.#key = key
    this.#path = join(given.folder, FILE)
  }

  /** Rejects when the key cannot be had. A file that cannot be read is told, and is replaced later. */
  static async open(given: LastGoodGiven): Promise<LastGood> {
    const secret = await readKey(given.key)
    try {
      const file = await readStoreFile(join(given.folder, FILE), MAX_BYTES)
      if (file !== undefined) {
        const key = await deriveKey(secret, keyHeaderOf(file).key)
        const entries = parseLossless(unseal(file, key))
        const kept = (Array.isArray(entries) ? entries : []).flatMap(entry => decodeKept(entry) ?? [])
        return new LastGood(given, new Map(kept.map(({ key, value }) => [key, value])), key)
      }
    } catch (error) {
      given.log.warn(
        'last_good_unreadable',
        `the last good secrets cannot be read, and are not used: ${errorText(error)}`,
      )
    }
    return new LastGood(given, new Map(), await newKey(secret))
  }

  get problem(): string | undefined {
    return this.#problem
  }

  get(key: string): SecretValue | undefined {
    return this.#kept.get(key)
  }

  /** Something that is held has changed. */
  touch(): void {
    this.#timer ??= this.#given.clock.timeout(GATHER_MS, () => {
      this.#timer = undefined
      void this.#write()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel()
    await this.#write()
  }

  #write(): Promise<void> {
    this.#writing = (this.#writing ?? Promise.resolve()).then(async () => {
      try {
        const entries = [...this.#given.held()].map(encodeKept)
        // Before its first values a process has nothing better than what is there.
        if (entries.length === 0) return
        await replaceFile(this.#path, seal(writeLossless(entries), this.#key))
        this.#problem = undefined
      } catch (error) {
        const problem = `the last good secrets cannot be kept: ${errorText(error)}`
        if (problem !== this.#problem) this.#given.log.error('last_good_unwritable', problem)
        this.#problem = problem
      }
    })
    return this.#writing
  }
}
