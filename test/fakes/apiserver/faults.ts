import type { Wish } from './access.ts'

/** One request, for the eyes of a test. */
export interface RequestSeen {
  readonly method: string
  readonly path: string
  user: string
  /** The HTTP status; of a watch that of its beginning. */
  code: number
  readonly wish?: Wish
  readonly text?: string
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
}

/** What happens to a request instead of, or besides, its work. */
export type Fault =
  /** It is answered with this status and does nothing. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection is broken, before or after the work. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** It works after a while. */
  | { readonly kind: 'slow'; readonly ms: number }

/** Asked for each request that is authenticated and allowed. */
export class Faults {
  readonly #queue: { readonly matches: (seen: RequestSeen) => boolean; readonly fault: Fault }[] = []
  /** Asked when nothing that was ordered fits; may wait, and so hold a request up. */
  decide: ((seen: RequestSeen) => Fault | undefined | Promise<Fault | undefined>) | undefined

  /** For the next request of this verb to this resource (`update leases`), or to any with `*`. */
  order(verb: string, resource: string, ...faults: readonly Fault[]): void {
    const matches = ({ wish }: RequestSeen) =>
      wish !== undefined &&
      'resource' in wish &&
      (verb === '*' || wish.verb === verb) &&
      (resource === '*' || wish.resource === resource)
    for (const fault of faults) this.#queue.push({ matches, fault })
  }

  async next(seen: RequestSeen): Promise<Fault | undefined> {
    const at = this.#queue.findIndex(({ matches }) => matches(seen))
    return at === -1 ? this.decide?.(seen) : this.#queue.splice(at, 1)[0]!.fault
  }
}
