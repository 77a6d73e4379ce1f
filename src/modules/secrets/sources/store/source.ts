import { resolve } from 'node:path'
import type { Health } from '../../../../kernel/module.ts'
import { SecretValue } from '../../secret/value.ts'
import type { KeySource } from '../../store/key-sources.ts'
import { isReadable, type KvSecret, type VersionNumber } from '../../store/kv.ts'
import { metadataOf } from '../../store/metadata.ts'
import { SecretStore, StoreError, type StoreReason } from '../../store/store.ts'
import type { SourceHost } from '../host.ts'
import { type FailureReason, type SecretRequest, type SecretSource, SourceFailure } from '../source.ts'
import type { StoreSourceConfig } from './config.ts'

/** Opens the file's source. That the file is there and its key fits is known with the first fetch. */
export function openStoreSource(config: StoreSourceConfig, host: SourceHost): StoreSource {
  const store = new SecretStore({
    path: resolve(config.path),
    key: keySource(config, host.env),
    maxBytes: config.maxSizeBytes,
    clock: host.clock,
  })
  const source = new StoreSource(store, config.mount, () => host.clock.now())
  host.scope.defer(() => source[Symbol.dispose]())
  return source
}

/** Where the configuration says that the key is. */
export function keySource(config: StoreSourceConfig, env: SourceHost['env']): KeySource {
  const { keyFile, keyVariable, passphrase } = config
  if (keyFile !== undefined) return { kind: 'file', path: resolve(keyFile) }
  if (keyVariable !== undefined) return { kind: 'variable', name: keyVariable, value: env[keyVariable] }
  return { kind: 'passphrase', text: passphrase?.reveal() ?? '' }
}

const REASONS: Readonly<Record<StoreReason, FailureReason>> = {
  absent: 'missing',
  key: 'forbidden',
  damaged: 'invalid',
  busy: 'unavailable',
  full: 'unavailable',
  disk: 'unavailable',
}

/** The embedded store as a source: of its secrets the versions, the newest unless one is named. */
export class StoreSource implements SecretSource, Disposable {
  readonly store: SecretStore
  readonly mount: string
  readonly #now: () => number
  readonly #listeners = new Set<() => void>()
  #watch: Disposable | undefined
  #failure: StoreError | undefined

  constructor(store: SecretStore, mount: string, now: () => number) {
    this.store = store
    this.mount = mount
    this.#now = now
  }

  async fetch({ path, version, write }: SecretRequest, signal?: AbortSignal): Promise<SecretValue> {
    signal?.throwIfAborted()
    if (write !== undefined)
      throw new SourceFailure('invalid', `${path}: a template cannot write to the store ${this.store.path}`)
    const content = await this.#read()
    signal?.throwIfAborted()
    const place = storePath(path, this.mount)
    const found = content.version(place, version)
    const secret = content.secrets.get(place)
    if (secret === undefined || found === undefined)
      throw new SourceFailure('missing', this.#missing(place, version, secret))
    if (!isReadable(found.is, this.#now()))
      throw new SourceFailure(
        'missing',
        `version ${found.version} of ${place} in ${this.store.path} was ${found.is.destroyed ? 'destroyed' : 'deleted'}`,
      )
    // Several callers share what was read.
    const data = new Map(found.is.data)
    return new SecretValue({
      data,
      document: new Map([
        ['data', data],
        ['metadata', metadataOf(secret, found)],
      ]),
      timing: endOf(found),
      version: `${secret.createdMs} ${found.version}`,
    })
  }

  async list(path: string): Promise<readonly string[]> {
    return (await this.#read()).list(storePath(path, this.mount))
  }

  watch(_request: SecretRequest, changed: () => void): Disposable {
    this.#watch ??= this.store.watch(() => {
      for (const listener of this.#listeners) listener()
    })
    const listener = () => changed()
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]()
  }

  health(): Health {
    if (this.#failure === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'failed', message: this.#failure.message }
  }

  async #read() {
    try {
      const content = await this.store.read()
      this.#failure = undefined
      return content
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#failure = error
      throw new SourceFailure(REASONS[error.reason], error.message, { cause: error })
    }
  }

  #missing(place: string, version: number | undefined, secret: KvSecret | undefined): string {
    const what = secret === undefined || version === undefined ? place : `version ${version} of ${place}`
    return `${this.store.path} has no ${what}; outrigger secrets list shows what it has`
  }
}

/** `secret/data/app/db`, `secret/metadata/app/db`, `secret/app/db` and `app/db` as the store calls it. */
export function storePath(path: string, mount: string): string {
  const plain = path.replace(/^\/+|\/+$/g, '')
  if (plain === mount) return ''
  if (!plain.startsWith(`${mount}/`)) return plain
  return plain.slice(mount.length + 1).replace(/^(?:data|metadata)(?:\/|$)/, '')
}

/** A version that will be deleted by itself ends then. */
function endOf({ is }: VersionNumber): SecretValue['timing'] {
  return is.deletedMs === undefined
    ? { kind: 'watched' }
    : { kind: 'expires', atMs: is.deletedMs, fromMs: is.createdMs }
}
