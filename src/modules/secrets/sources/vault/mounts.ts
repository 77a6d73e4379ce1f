import { mapIn, textIn } from '../../../../backends/vault/answers.ts'
import { VaultError } from '../../../../backends/vault/error.ts'
import type { VaultServer } from '../../../../backends/vault/server.ts'

/** The mount that a path lies in. */
export interface Mount {
  /** With its slash at the end. */
  readonly path: string
  readonly isVersioned: boolean
}

/** A mount may be upgraded from version 1 to 2. */
const KNOWN_FOR_MS = 600_000

/** Which mounts are of KV version 2, asked for once for each. */
export class Mounts {
  readonly #server: Pick<VaultServer, 'request'>
  readonly #now: () => number
  readonly #known = new Map<string, { readonly mount: Mount; readonly atMs: number }>()
  readonly #asking = new Map<string, Promise<Mount | undefined>>()

  constructor(server: Pick<VaultServer, 'request'>, now: () => number) {
    this.#server = server
    this.#now = now
  }

  /** Undefined where the server does not say: the path is then taken as it is. */
  async of(path: string, signal: AbortSignal): Promise<Mount | undefined> {
    for (const { mount, atMs } of this.#known.values())
      if (`${path}/`.startsWith(mount.path) && this.#now() - atMs < KNOWN_FOR_MS) return mount
    const first = path.split('/')[0]!
    // Many secrets of one mount are asked for at once.
    const asking =
      this.#asking.get(first) ?? this.#ask(path, signal).finally(() => this.#asking.delete(first))
    this.#asking.set(first, asking)
    const mount = await asking
    return mount === undefined || `${path}/`.startsWith(mount.path) ? mount : await this.#ask(path, signal)
  }

  async #ask(path: string, signal: AbortSignal): Promise<Mount | undefined> {
    try {
      const answer = await this.#server.request(
        { method: 'GET', path: `sys/internal/ui/mounts/${path}` },
        signal,
      )
      const data = mapIn(answer, 'data')
      const at = textIn(data, 'path')
      if (at === undefined) return undefined
      const mount = { path: at, isVersioned: textIn(mapIn(data, 'options'), 'version') === '2' }
      this.#known.set(at, { mount, atMs: this.#now() })
      return mount
    } catch (error) {
      // Older servers do not know the question, and a policy may forbid it.
      if (error instanceof VaultError && !error.isPassing) return undefined
      throw error
    }
  }
}

/** `secret/app/db` as `secret/data/app/db`, where that is not written already. */
export function versionedPath(path: string, mount: Mount, prefix: 'data' | 'metadata'): string {
  const rest = path.slice(mount.path.length)
  if (rest === prefix || rest.startsWith(`${prefix}/`)) return path
  if (prefix === 'metadata' && (rest === 'data' || rest.startsWith('data/')))
    return `${mount.path}metadata${rest.slice('data'.length)}`
  return `${mount.path}${prefix}/${rest}`
}
