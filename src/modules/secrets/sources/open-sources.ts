import { entryNames } from '../../../kernel/config/entry-names.ts'
import { sameConfig } from '../same-config.ts'
import { basesOf } from './bases.ts'
import type { SourceHost } from './host.ts'
import { openSource, type SourceConfig } from './kinds.ts'
import type { SecretSource } from './source.ts'

interface OpenSource {
  readonly name: string
  readonly config: SourceConfig
  readonly source: SecretSource
  readonly scope: AsyncDisposableStack
  /** By the option that names them. */
  readonly bases: ReadonlyMap<string, SecretSource>
}

/** The sources of a configuration, by name; one that another configuration has too is taken over with all that it holds. */
export class OpenSources {
  readonly #open: readonly OpenSource[]

  private constructor(open: readonly OpenSource[]) {
    this.#open = open
  }

  /** Rejects with a message for people, and closes what it has opened until then. */
  static async open(
    configs: readonly SourceConfig[],
    host: Omit<SourceHost, 'name' | 'key' | 'scope' | 'bases' | 'measure'> & {
      readonly login: (source: string, what: 'login' | 'renewal', failed: boolean) => void
    },
    before?: OpenSources,
  ): Promise<OpenSources> {
    const names = entryNames(configs)
    const opened = new Map<string, OpenSource>()
    const fresh: OpenSource[] = []
    const openOne = async (name: string): Promise<OpenSource> => {
      const already = opened.get(name)
      if (already !== undefined) return already
      const index = names.indexOf(name)
      const config = configs[index]!
      // What it is made of comes first, wherever it stands; checkBases has seen that this ends.
      const bases = new Map<string, SecretSource>()
      for (const { option, name } of basesOf(config, configs))
        bases.set(option, (await openOne(name!)).source)
      const known =
        before === undefined
          ? undefined
          : before.#open.find(
              each => each.name === name && sameConfig(each.config, config) && sameBases(each.bases, bases),
            )
      if (known !== undefined) {
        opened.set(name, known)
        return known
      }
      const scope = new AsyncDisposableStack()
      const source = await openSource(config, {
        ...host,
        name,
        key: `secrets.sources[${index}].${config.kind}`,
        scope,
        bases,
        measure: { login: (what, failed) => host.login(name, what, failed) },
      }).catch(async error => {
        await scope.disposeAsync()
        throw error
      })
      const open = { name, config, source, scope, bases }
      opened.set(name, open)
      fresh.push(open)
      return open
    }
    try {
      const all: OpenSource[] = []
      for (const name of names) all.push(await openOne(name))
      return new OpenSources(all)
    } catch (error) {
      for (const { scope } of fresh.reverse()) await scope.disposeAsync()
      throw error
    }
  }

  get names(): string[] {
    return this.#open.map(({ name }) => name)
  }

  *[Symbol.iterator](): Iterator<{ readonly name: string; readonly source: SecretSource }> {
    yield* this.#open
  }

  /** The one of that name, the first one for undefined. */
  find(name: string | undefined): { readonly name: string; readonly source: SecretSource } | undefined {
    return name === undefined ? this.#open[0] : this.#open.find(each => each.name === name)
  }

  /** Closes those that the next ones have not taken over; gives them. */
  async close(next?: OpenSources): Promise<readonly SecretSource[]> {
    const leaving = this.#open.filter(each => next === undefined || !next.#open.includes(each))
    for (const { scope } of leaving) await scope.disposeAsync()
    return leaving.map(({ source }) => source)
  }
}

function sameBases(
  left: ReadonlyMap<string, SecretSource>,
  right: ReadonlyMap<string, SecretSource>,
): boolean {
  return left.size === right.size && [...left].every(([option, source]) => right.get(option) === source)
}
