import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import { ConfigWatch } from '../../../kernel/lifecycle/config-watch.ts'
import { readDocument, writeDocument } from './document.ts'
import { LockTimeout, lockFile } from './file-lock.ts'
import { generateKey, KeyError, type KeySource, readKey } from './key-sources.ts'
import { KeyValues, KvRefusal } from './kv.ts'
import { type DerivedKey, deriveKey, keyHeaderOf, newKey, SealError, seal, unseal } from './sealing.ts'
import { fileState, giveTo, readStoreFile, replaceFile, storePlace, syncFolder } from './store-file.ts'

export interface StoreGiven {
  readonly path: string
  readonly key: KeySource
  readonly maxBytes: number
  readonly clock: Clock
}

/** The store cannot be used; the message says which one, why, and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly reason: StoreReason

  constructor(reason: StoreReason, message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

export type StoreReason = 'absent' | 'key' | 'damaged' | 'busy' | 'full' | 'disk'

const LOCK_WAIT_MS = 10_000
/** Many secrets are asked for in one go, and then none for long. */
const KEPT_MS = 2000

/** An encrypted file of secrets. Several processes may read and write it; none loses another's writes. */
export class SecretStore {
  readonly path: string
  readonly #given: StoreGiven
  /** The key of the file as it was last seen: deriving it from a passphrase takes long. */
  #key: DerivedKey | undefined
  /** The state of the file that was read last. */
  #seen: string | undefined
  #kept: { readonly state: string; readonly content: Promise<KeyValues>; readonly timer: Timer } | undefined

  constructor(given: StoreGiven) {
    this.path = given.path
    this.#given = given
  }

  /** What it holds now. The answer is shared: only `update` may change one. Rejects with a StoreError. */
  async read(): Promise<KeyValues> {
    return this.#told(async () => {
      const state = await fileState(this.path)
      this.#seen = state
      if (state !== undefined && state === this.#kept?.state) return this.#kept.content
      this.#forget()
      const content = this.#load()
      if (state !== undefined) {
        const timer = this.#given.clock.timeout(KEPT_MS, () => this.#forget())
        this.#kept = { state, content, timer }
        content.catch(() => this.#forget())
      }
      return content
    })
  }

  /**
   * Reads, changes and writes it while no other process can; a change that throws leaves it as it is. Rejects with a
   * StoreError, or what `change` throws.
   */
  async update<T>(change: (content: KeyValues) => T): Promise<T> {
    await this.#mustExist()
    return this.#locked(async place => {
      const content = await this.#load()
      const result = change(content)
      await this.#save(place, content, this.#key!)
      return result
    })
  }

  /** Makes an empty one, and its key file unless there is one. False when there is a store already. */
  async create(): Promise<boolean> {
    const { key } = this.#given
    return this.#locked(async place => {
      if ((await fileState(place)) !== undefined) return false
      if (key.kind === 'file' && (await fileState(key.path)) === undefined)
        await replaceFile(key.path, generateKey())
      await this.#save(place, new KeyValues(), await newKey(await readKey(key)))
      return true
    })
  }

  /**
   * Seals it under a new key. With a key file that is a new one, which takes the place of the old one; else the
   * environment holds the old one still, and `next` is where the new one is. Whenever this stops, the store can be
   * read with what lies beside it.
   */
  async rotate(next?: KeySource): Promise<void> {
    const { key } = this.#given
    if (next === undefined && key.kind !== 'file')
      throw new StoreError('key', `the key of ${this.path} lies in no file: say where the new one is`)
    await this.#mustExist()
    await this.#locked(async place => {
      const content = await this.#load()
      if (next !== undefined) return this.#save(place, content, await newKey(await readKey(next)))
      const file = (key as { readonly path: string }).path
      await this.#finishRotation(file)
      await replaceFile(nextKeyFile(file), generateKey())
      await giveTo(file, nextKeyFile(file))
      const fresh = await newKey(await readKey({ kind: 'file', path: nextKeyFile(file) }))
      await this.#save(place, content, fresh)
      await moveKey(file)
    })
  }

  /** Calls `changed` when another process, or this one, may have written to it. */
  watch(changed: () => void): Disposable {
    const watch = new ConfigWatch(this.#given.clock, changed)
    let left = false
    // What was written since the last read, while the watch was being set up, is told too.
    const begun = async () => {
      await watch.watch([this.path])
      const state = await fileState(this.path).catch(() => undefined)
      if (!left && state !== this.#seen) changed()
    }
    void begun()
    return {
      [Symbol.dispose]: () => {
        left = true
        watch[Symbol.dispose]()
      },
    }
  }

  #forget(): void {
    this.#kept?.timer.cancel()
    this.#kept = undefined
  }

  /** Before a lock is made beside a store that is not there. */
  #mustExist(): Promise<void> {
    return this.#told(async () => {
      if ((await fileState(this.path)) === undefined) throw this.#absent()
    })
  }

  /** Who reads without the lock may get a file and a key that do not belong together, while both are changed. */
  async #load(triesLeft = 20): Promise<KeyValues> {
    const before = await fileState(this.path)
    try {
      return await this.#open()
    } catch (error) {
      const isKey = error instanceof KeyError || (error instanceof SealError && error.reason === 'wrong_key')
      if (!isKey || triesLeft === 0 || (await fileState(this.path)) === before) throw error
      return this.#load(triesLeft - 1)
    }
  }

  async #open(): Promise<KeyValues> {
    const file = await readStoreFile(this.path, this.#given.maxBytes)
    if (file === undefined) throw this.#absent()
    this.#key = await this.#keyFor(file)
    const text = unseal(file, this.#key)
    try {
      return readDocument(text)
    } catch {
      throw new SealError('damaged', 'its content is none that this version knows')
    }
  }

  async #keyFor(file: Buffer): Promise<DerivedKey> {
    const header = keyHeaderOf(file)
    if (header.keyId === this.#key?.id) return this.#key
    const { key } = this.#given
    const derived = await deriveKey(await readKey(key), header.key)
    if (derived.id === header.keyId || key.kind !== 'file') return derived
    // A rotation that was cut short has left the new key beside the old one; one that is under way has moved it just now.
    for (const path of [nextKeyFile(key.path), key.path]) {
      const secret = await readKey({ kind: 'file', path }).catch(() => undefined)
      const other = secret && (await deriveKey(secret, header.key))
      if (other?.id === header.keyId) return other
    }
    return derived
  }

  /** The next key may be the only one that opens the store: then it must not be written over. */
  async #finishRotation(file: string): Promise<void> {
    const present = await deriveKey(await readKey({ kind: 'file', path: file }), this.#key!.header)
    if (present.id !== this.#key!.id) await moveKey(file)
  }

  async #save(place: string, content: KeyValues, key: DerivedKey): Promise<void> {
    const sealed = seal(writeDocument(content), key)
    const { maxBytes } = this.#given
    if (sealed.length > maxBytes)
      throw new StoreError(
        'full',
        `${this.path} would have ${sealed.length} bytes, and maxSize allows ${maxBytes}`,
      )
    await replaceFile(place, sealed)
    this.#key = key
    this.#forget()
  }

  #locked<T>(work: (place: string) => Promise<T>): Promise<T> {
    return this.#told(async () => {
      const place = await storePlace(this.path)
      using _lock = await lockFile(`${place}.lock`, this.#given.clock, LOCK_WAIT_MS)
      await giveTo(dirname(place), `${place}.lock`)
      return await work(place)
    })
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw error instanceof StoreError || error instanceof KvRefusal ? error : this.#error(error as Error)
    }
  }

  #error(error: Error): Error {
    if (error instanceof KeyError) return new StoreError('key', error.message, error)
    if (error instanceof LockTimeout) return new StoreError('busy', error.message)
    if (error instanceof RangeError)
      return new StoreError('full', `${this.path} cannot be read: ${error.message}`)
    if (error instanceof SealError) {
      const hint =
        error.reason === 'damaged'
          ? '; nothing was changed: put a copy of it in its place'
          : this.#keyHint(error)
      return new StoreError(
        error.reason === 'wrong_key' ? 'key' : 'damaged',
        `${this.path} cannot be opened: ${error.message}${hint}`,
      )
    }
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code !== undefined && (syscall !== undefined || code === 'ERR_SQLITE_ERROR'))
      return new StoreError('disk', `${this.path} cannot be used: ${error.message}`, error)
    return error
  }

  #absent(): StoreError {
    return new StoreError('absent', `there is no ${this.path}; outrigger secrets init makes a store`)
  }

  #keyHint({ reason }: SealError): string {
    const { key } = this.#given
    if (reason !== 'wrong_key' || key.kind === 'passphrase') return ''
    return ` than that of ${key.kind === 'file' ? key.path : key.name}`
  }
}

async function moveKey(file: string): Promise<void> {
  await rename(nextKeyFile(file), file)
  await syncFolder(dirname(file))
}

function nextKeyFile(path: string): string {
  return `${path}.next`
}
