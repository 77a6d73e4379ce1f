import type { Origin, Position } from '../batch.ts'
import type { Lines } from '../lines.ts'
import type { Held } from './held.ts'
import type { Rule, State } from './rule.ts'

/** Records that went out before their rest came are remembered for so many groups of a source. */
const MAX_LATE = 64

/** What is being put together of one file, stream or connection. */
export class Source {
  readonly key: string
  /** By group: the stream of a container's line, the values of `groupBy`. */
  readonly groups = new Map<string, Held>()
  /** Where records stood that were closed for want of lines: what comes late is joined among itself. */
  readonly late = new Map<string, { readonly rule: Rule | undefined; readonly state: State }>()
  /** Of the last lines. */
  origin: Origin
  /** The position behind the last lines of which nothing was held. */
  settled: Position | undefined
  /** Where the first record that was held began when the last call came. */
  heldBefore: number | undefined
  /** When lines were refused: from where they must come again. */
  refusedAt: number | undefined
  /** The input has more to read at once. */
  more = false

  constructor(key: string, origin: Origin) {
    this.key = key
    this.origin = origin
  }

  remember(group: string, { rule, state }: Held): void {
    if (state.next.length === 0) return
    this.late.set(group, { rule, state })
    if (this.late.size > MAX_LATE) this.late.delete(this.late.keys().next().value!)
  }

  /** Where the first record begins that is still being put together. */
  get heldPosition(): Position | undefined {
    let first: Position | undefined
    for (const { position } of this.groups.values()) {
      if (position !== undefined && (first === undefined || position.offset < first.offset)) first = position
    }
    return first
  }
}

/** What lines belong to: their file, or what stands for one. */
export function sourceKey({ origin, source }: Lines): string {
  return source ?? origin.position?.file ?? `${origin.path}\n${origin.tag}`
}
