import type { Measures } from '../measures.ts'
import type { PaceConfig, ReactionConfig } from './config.ts'
import { isOfApplication, openReaction, type ReactionHost, reactionName } from './reaction.ts'
import { Reactor } from './reactor.ts'

export interface ReactionsGiven extends ReactionHost {
  readonly random: () => number
  readonly signal: AbortSignal
  readonly log: { error(event: string, message: string, fields?: Record<string, unknown>): void }
  readonly measures: Measures
}

/** The reactors of a configuration: deliveries with equal reactions and paces share one. */
export class Reactors implements Disposable {
  readonly #given: ReactionsGiven
  readonly #reactors = new Map<string, Reactor>()

  constructor(given: ReactionsGiven) {
    this.#given = given
  }

  get all(): Iterable<Reactor> {
    return this.#reactors.values()
  }

  /** What a delivery triggers when it has changed. */
  async for(config: {
    readonly onChange: readonly ReactionConfig[]
    readonly pace: PaceConfig
  }): Promise<Reactor> {
    const { clock, random, signal, log, measures } = this.#given
    const key = JSON.stringify([config.onChange.map(withSecrets), config.pace])
    const known = this.#reactors.get(key)
    if (known !== undefined) return known
    const reactions = []
    for (const reaction of config.onChange)
      reactions.push({
        name: reactionName(reaction),
        ofApplication: isOfApplication(reaction),
        react: await openReaction(reaction, this.#given),
      })
    const reactor = new Reactor({
      reactions,
      pace: config.pace,
      clock,
      random,
      signal,
      onOutcome: (name, seconds, failure) => {
        measures.reacted(name, seconds, failure !== undefined)
        if (failure !== undefined)
          log.error('reaction_failed', `${name}: ${failure}; it is tried again`, { reaction: name })
      },
    })
    this.#reactors.set(key, reactor)
    return reactor
  }

  [Symbol.dispose](): void {
    for (const reactor of this.#reactors.values()) reactor[Symbol.dispose]()
  }
}

/** For the comparison only: header values tell two requests apart. */
function withSecrets(reaction: ReactionConfig): unknown {
  if (reaction.kind !== 'http') return reaction
  const { headers, ...rest } = reaction.config
  return { ...rest, headers: Object.entries(headers).map(([name, value]) => [name, value.reveal()]) }
}
