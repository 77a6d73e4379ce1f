import type { Log } from '../../../../kernel/log/log.ts'
import type { Health } from '../../../../kernel/module.ts'

export interface Trouble {
  /** Stable name for the log. */
  readonly event: string
  readonly message: string
}

/** How many are listed one by one in the health. */
const MAX_PARTS = 20

/** What is wrong right now: told once when it begins and once when it is over, and shown by the health meanwhile. */
export class Problems {
  readonly #log: Log
  /** By group (who finds it out), then by what it is about. */
  readonly #groups = new Map<string, ReadonlyMap<string, Trouble>>()

  constructor(log: Log) {
    this.#log = log
  }

  /** All that the group knows of now. */
  set(group: string, troubles: ReadonlyMap<string, Trouble>): void {
    const before = this.#groups.get(group)
    for (const [about, { event, message }] of troubles) {
      if (before?.get(about)?.event !== event) this.#log.warn(event, message, { path: about })
    }
    for (const [about, { event }] of before ?? []) {
      if (!troubles.has(about))
        this.#log.info(`${event}_over`, `${about}: no longer a problem`, { path: about })
    }
    this.#groups.set(group, troubles)
  }

  add(group: string, about: string, trouble: Trouble): void {
    this.set(group, new Map(this.#groups.get(group)).set(about, trouble))
  }

  /** Forgets what is about something that is no longer there. */
  keep(group: string, isThere: (about: string) => boolean): void {
    const before = this.#groups.get(group)
    if (!before || [...before.keys()].every(isThere)) return
    this.set(group, new Map([...before].filter(([about]) => isThere(about))))
  }

  remove(group: string, about: string): void {
    const before = this.#groups.get(group)
    if (!before?.has(about)) return
    const after = new Map(before)
    after.delete(about)
    this.set(group, after)
  }

  health(): Health {
    const all = [...this.#groups.values()].flatMap(group => [...group])
    if (all.length === 0) return { ready: true, state: 'ok' }
    const more = all.length > 1 ? ` (and ${all.length - 1} more)` : ''
    const parts: Record<string, Health> = {}
    for (const [about, { message }] of all.slice(0, MAX_PARTS)) {
      parts[about] = { ready: true, state: 'degraded', message }
    }
    return { ready: true, state: 'degraded', message: all[0][1].message + more, parts }
  }
}
