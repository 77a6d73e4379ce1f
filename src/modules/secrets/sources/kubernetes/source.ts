import { join, resolve } from 'node:path'
import { ConfigWatch } from '../../../../kernel/lifecycle/config-watch.ts'
import type { Health } from '../../../../kernel/module.ts'
import type { Value } from '../../../../wire/gotemplate/value.ts'
import { SecretValue } from '../../secret/value.ts'
import { WHOLE } from '../document-entries.ts'
import type { SourceHost } from '../host.ts'
import { plainPath } from '../request.ts'
import { type SecretRequest, type SecretSource, SourceFailure } from '../source.ts'
import { fileFailure, readWholeFile, textOrBytes } from '../whole-file.ts'
import type { KubernetesSourceConfig } from './config.ts'
import { entriesOf, findInMount, mountSignature, type Place } from './mount.ts'

/** The kubelet takes the old state away once the new one is there: what was being read may go once or twice. */
const TRIES = 3

/** Opens the mount's source. That the mount is there is known with the first fetch. */
export function openKubernetesSource(
  config: KubernetesSourceConfig,
  host: Pick<SourceHost, 'clock' | 'name'>,
): KubernetesSource {
  return new KubernetesSource(config, host)
}

/** Secrets as folders of files, a file for each key. */
export class KubernetesSource implements SecretSource {
  readonly #config: KubernetesSourceConfig
  readonly #mount: string
  readonly #host: Pick<SourceHost, 'clock' | 'name'>
  #failure: SourceFailure | undefined

  constructor(config: KubernetesSourceConfig, host: Pick<SourceHost, 'clock' | 'name'>) {
    this.#config = config
    this.#mount = resolve(config.path)
    this.#host = host
  }

  async fetch(request: SecretRequest, signal: AbortSignal): Promise<SecretValue> {
    signal.throwIfAborted()
    const path = plainPath(request, this.#host.name)
    try {
      const value = await this.#readOnce(await this.#inside(path), signal, TRIES)
      this.#failure = undefined
      return value
    } catch (error) {
      if (error instanceof SourceFailure) this.#failure = error
      throw error
    }
  }

  async list(path: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted()
    try {
      const place = await findInMount(this.#mount, path)
      if (!place.isFolder) return []
      const listed = (await entriesOf(place.path)).map(async ({ name }) => {
        const { isFolder } = await findInMount(place.path, name)
        return isFolder ? `${name}/` : name
      })
      return await Promise.all(listed)
    } catch (error) {
      if (error instanceof SourceFailure && error.reason === 'missing') return []
      throw fileFailure(error, join(this.#mount, path))
    }
  }

  watch({ path }: SecretRequest, changed: () => void): Disposable {
    let isWanted = true
    const tell = () => {
      if (isWanted) changed()
    }
    const watch = new ConfigWatch(this.#host.clock, tell, async () =>
      mountSignature(this.#mount, await this.#inside(path)),
    )
    // What changed while the watch was being set up is seen by asking again.
    void watch.watch([path === WHOLE ? this.#mount : join(this.#mount, path)]).then(tell)
    return {
      [Symbol.dispose]: () => {
        isWanted = false
        watch[Symbol.dispose]()
      },
    }
  }

  health(): Health {
    const failure = this.#failure
    if (failure === undefined || failure.reason === 'invalid' || failure.reason === 'missing')
      return { ready: true, state: 'ok' }
    return { ready: true, state: 'failed', message: failure.message }
  }

  /** A state that was replaced while it was read may have been taken away in part: then the next one is read. */
  async #readOnce(path: string, signal: AbortSignal, tries: number): Promise<SecretValue> {
    const place = await findInMount(this.#mount, path)
    const read = await this.#read(place, path, signal).catch((error: unknown) => ({ error }))
    const isCurrent =
      place.generation === undefined || (await findInMount(this.#mount, path)).generation === place.generation
    if (isCurrent) {
      if ('error' in read) throw read.error
      return read
    }
    if (tries > 1) return await this.#readOnce(path, signal, tries - 1)
    throw new SourceFailure(
      'unavailable',
      `${join(this.#mount, path)} changes again and again while it is read`,
    )
  }

  async #read(place: Place, path: string, signal: AbortSignal): Promise<SecretValue> {
    const data = place.isFolder
      ? await this.#readFolder(place, path, signal)
      : new Map([['value', await this.#readFile(place.path, this.#config.maxSizeBytes, signal)]])
    return new SecretValue({
      data: new Map([...data].map(([key, bytes]) => [key, this.#valueOf(bytes)])),
      timing: { kind: 'watched' },
      version: place.generation?.split('/').at(-1),
    })
  }

  async #readFolder(place: Place, path: string, signal: AbortSignal): Promise<Map<string, Buffer>> {
    const { maxFiles, maxSizeBytes } = this.#config
    const entries = await this.#entries(place)
    if (entries.length > maxFiles)
      throw new SourceFailure(
        'invalid',
        `${join(this.#mount, path)} has more than ${maxFiles} files: raise maxFiles`,
      )
    const data = new Map<string, Buffer>()
    let left = maxSizeBytes
    for (const entry of entries) {
      signal.throwIfAborted()
      const { isFolder, path: file } = await findInMount(place.path, entry.name).catch(error => {
        throw this.#broken(error, place, entry.name)
      })
      // Sockets and pipes are nobody's secrets.
      if (isFolder || (!entry.isFile() && !entry.isSymbolicLink())) continue
      const bytes = await this.#readFile(file, left, signal)
      left -= bytes.length
      data.set(entry.name, bytes)
    }
    if (data.size === 0)
      throw new SourceFailure('missing', `the folder ${join(this.#mount, path)} has no files`)
    return data
  }

  /** Of a file that was there a moment ago. */
  #broken(error: unknown, place: Place, name: string): unknown {
    if (!(error instanceof SourceFailure) || error.reason !== 'missing') return error
    if (place.generation !== undefined) return error
    return new SourceFailure('unavailable', `${join(place.path, name)} is gone, or a link that leads nowhere`)
  }

  async #entries(place: Place) {
    try {
      return await entriesOf(place.path)
    } catch (error) {
      throw fileFailure(error, place.path)
    }
  }

  async #readFile(path: string, leftBytes: number, signal: AbortSignal): Promise<Buffer> {
    try {
      return (await readWholeFile(path, leftBytes, signal)).bytes
    } catch (error) {
      throw fileFailure(error, path)
    }
  }

  #valueOf(bytes: Buffer): Value {
    const value = textOrBytes(bytes)
    return this.#config.trim && typeof value === 'string' ? value.replace(/\r?\n$/, '') : value
  }

  /** The path of the whole is empty, unless something in the mount has the name that stands for it. */
  async #inside(path: string): Promise<string> {
    if (path !== WHOLE) return path
    return await findInMount(this.#mount, path).then(
      () => path,
      () => '',
    )
  }
}
