import { isDeepStrictEqual } from 'node:util'
import type { ClientTls } from '../../../http/client/dial.ts'
import { ConfigWatch } from '../../../kernel/lifecycle/config-watch.ts'
import type { Host } from '../../../kernel/module.ts'
import { keyPairFrom } from '../identity/certificate-cell.ts'
import type { Identity } from '../identity/identity.ts'
import { readClientTls } from './client-tls.ts'
import type { ClusterConfig } from './config.ts'

type Upstreams = Readonly<Record<string, Pick<ClusterConfig, 'tls'>>>
type Keys = ReadonlyMap<string, ClientTls>

export interface UpstreamKeysParts {
  readonly host: Pick<Host, 'clock' | 'log'>
  readonly identity: Identity | undefined
  /** Its endpoints are reached otherwise from here on. */
  readonly changed: (upstream: string) => void
}

/** The keys and authorities of upstreams with `tls`; their files are read again when they change, and the last good ones stay. */
export class UpstreamKeys implements Disposable {
  readonly #parts: UpstreamKeysParts
  #upstreams: Upstreams = {}
  #keys: Keys = new Map()
  #watch: ConfigWatch | undefined
  #closed = false

  constructor(parts: UpstreamKeysParts) {
    this.#parts = parts
  }

  /** Undefined for an upstream without `tls`. */
  of(upstream: string): ClientTls | undefined {
    return this.#keys.get(upstream)
  }

  /** Reads what these upstreams name; rejects with the option whose file does not do. The result takes it over. */
  async prepare(upstreams: Upstreams): Promise<() => void> {
    const keys = await readAll(upstreams, this.#parts.identity)
    return () => {
      this.#upstreams = upstreams
      this.#take(keys)
      // That also finds what has changed since they were read.
      void this.#reread()
    }
  }

  /** Reads all anew: what does not fit together is logged and changes nothing. */
  async reread(): Promise<void> {
    const { host, identity } = this.#parts
    const upstreams = this.#upstreams
    try {
      const keys = await readAll(upstreams, identity)
      // A reload came in between, and has read them, too.
      if (this.#closed || upstreams !== this.#upstreams) return
      for (const upstream of this.#take(keys))
        host.log.info('certificate_changed', `took over what the files of upstream ${upstream} hold now`, {
          upstream,
        })
    } catch (error) {
      if (this.#closed) return
      host.log.warn(
        'certificate_unusable',
        'the changed certificates of an upstream do not fit; the last good ones stay',
        { error },
      )
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#watch?.[Symbol.dispose]()
  }

  /** Gives the upstreams whose keys are others than before. */
  #take(keys: Keys): string[] {
    const before = this.#keys
    this.#keys = keys
    const changed = [...before.keys()].filter(name => !isDeepStrictEqual(before.get(name), keys.get(name)))
    for (const name of changed) this.#parts.changed(name)
    return changed
  }

  /** Whether there are any. */
  async #watchFiles(): Promise<boolean> {
    const files = Object.values(this.#upstreams).flatMap(({ tls }) =>
      [tls?.ca, tls?.cert, tls?.key].filter(file => file !== undefined),
    )
    if (files.length === 0 || this.#closed) {
      this.#watch?.[Symbol.dispose]()
      this.#watch = undefined
      return false
    }
    this.#watch ??= new ConfigWatch(this.#parts.host.clock, () => void this.#reread())
    await this.#watch.watch(files)
    return true
  }

  /** What a path leads to may lie in another folder now. */
  async #reread(): Promise<void> {
    if (await this.#watchFiles()) await this.reread()
  }
}

async function readAll(upstreams: Upstreams, identity: Identity | undefined): Promise<Keys> {
  const keys = new Map<string, ClientTls>()
  for (const [name, { tls }] of Object.entries(upstreams))
    if (tls !== undefined)
      try {
        const read = await readClientTls(tls, identity)
        checkUsable(read)
        keys.set(name, read)
      } catch (error) {
        throw new TypeError(`upstreams.${name}.${(error as Error).message}`, { cause: error })
      }
  return keys
}

/** Better now than at the first connection. */
function checkUsable({ ca, cert, key }: ClientTls): void {
  try {
    if (cert !== undefined && key !== undefined) keyPairFrom(String(cert), String(key))
    if (ca !== undefined) process.getBuiltinModule('node:tls').createSecureContext({ ca: String(ca) })
  } catch (error) {
    throw new TypeError(`tls: ${(error as Error).message}`)
  }
}
