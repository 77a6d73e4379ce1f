import type { Changes } from './running-modules.ts'

/** `secret`: a secret that the configuration names is known now, or another one. */
export type Trigger = 'signal' | 'file' | 'request' | 'secret'

/** What came of one reload. */
export interface Reload {
  readonly at: string
  readonly trigger: Trigger
  /** applied; unchanged: nothing to do; rejected: the file is bad, nothing was touched; rolled_back: it did not start, the earlier one runs. */
  readonly outcome: 'applied' | 'unchanged' | 'rejected' | 'rolled_back'
  /** Of the configuration that runs now. */
  readonly hash: string
  readonly durationMs: number
  readonly changes?: Changes
  /** Changed keys that only a restart takes over. */
  readonly needRestart?: readonly string[]
  /** Why it was not applied. */
  readonly message?: string
}

const KEPT = 20

/** The last reloads, the latest first. */
export class ReloadHistory {
  #reloads: readonly Reload[] = []

  get all(): readonly Reload[] {
    return this.#reloads
  }

  add(reload: Reload): void {
    this.#reloads = [reload, ...this.#reloads].slice(0, KEPT)
  }

  /** Why the configuration on disk is not the one that runs; undefined when it is. */
  get problem(): string | undefined {
    const last = this.#reloads[0]
    if (last?.outcome === 'rejected')
      return 'the last reload was refused, because the new configuration is bad; the earlier one runs'
    if (last?.outcome === 'rolled_back')
      return 'the last reload was taken back, because a module did not start; the earlier configuration runs'
    return undefined
  }
}
