import { readSources } from '../../../kernel/config/files.ts'
import { renderReport } from '../../../kernel/config/report.ts'
import { ConfigWatch } from '../../../kernel/lifecycle/config-watch.ts'
import type { Host } from '../../../kernel/module.ts'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { type CatalogueFile, readCatalogue } from '../../catalogue/read.ts'

/** A catalogue as it was read at one moment. */
export interface Edition {
  readonly catalogue: Catalogue
  /** Twelve hex digits over its entries. */
  readonly version: string
  /** What was wrong with a later one; '' for nothing. */
  readonly problem: string
}

/** The catalogue of the given files and folders, kept up to date. A bad one at the start is an error; later the last good one stays. */
export class LiveCatalogue implements Disposable {
  readonly #paths: readonly string[] | undefined
  readonly #builtIn: () => Promise<readonly CatalogueFile[]>
  readonly #host: Pick<Host, 'clock' | 'log' | 'metrics'>
  readonly #watch: ConfigWatch
  readonly #calls = new Set<() => void>()
  #edition: Edition = { catalogue: readCatalogue([]).catalogue, version: '', problem: '' }
  #reading: Promise<void> = Promise.resolve()

  private constructor(
    paths: readonly string[] | undefined,
    builtIn: () => Promise<readonly CatalogueFile[]>,
    host: Pick<Host, 'clock' | 'log' | 'metrics'>,
  ) {
    this.#paths = paths
    this.#builtIn = builtIn
    this.#host = host
    this.#watch = new ConfigWatch(host.clock, () => {
      this.#reading = this.#reading.then(() => this.#reload())
    })
  }

  static async open(
    paths: readonly string[] | undefined,
    builtIn: () => Promise<readonly CatalogueFile[]>,
    host: Pick<Host, 'clock' | 'log' | 'metrics'>,
  ): Promise<LiveCatalogue> {
    const live = new LiveCatalogue(paths, builtIn, host)
    try {
      const { edition, watch } = await live.#read()
      if (edition.problem !== '') throw new Error(`catalog:\n${edition.problem}`)
      live.#edition = edition
      await live.#watch.watch(watch)
    } catch (error) {
      live[Symbol.dispose]()
      throw error
    }
    live.#count()
    return live
  }

  get edition(): Edition {
    return this.#edition
  }

  /** Calls after each change; the result ends it. */
  onChange(call: () => void): () => void {
    this.#calls.add(call)
    return () => void this.#calls.delete(call)
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  async #reload(): Promise<void> {
    const { log } = this.#host
    const { edition, watch } = await this.#read()
    await this.#watch.watch(watch)
    const before = this.#edition
    if (edition.problem !== '') {
      if (edition.problem === before.problem) return
      this.#edition = { ...before, problem: edition.problem }
      log.error(
        'catalogue_rejected',
        `the changed catalogue has mistakes, the last good one stays:\n${edition.problem}`,
      )
      return
    }
    this.#edition = edition
    if (edition.version === before.version) return
    const { version } = edition
    log.info('catalogue_changed', `the catalogue has changed: ${edition.catalogue.entries.length} entries`, {
      version,
      before: before.version,
    })
    for (const call of [...this.#calls]) call()
  }

  async #read(): Promise<{ readonly edition: Edition; readonly watch: readonly string[] }> {
    const sources =
      this.#paths === undefined
        ? { files: await this.#builtIn(), watch: [], problems: [] }
        : await readSources(this.#paths, '/')
    const { catalogue, problems } = readCatalogue(sources.files)
    const wrong = [...sources.problems, ...problems]
    const problem =
      wrong.length > 0
        ? renderReport(
            wrong,
            sources.files.map(({ name }) => name),
          ).trimEnd()
        : catalogue.entries.length === 0
          ? 'the catalogue has no entries'
          : ''
    return { edition: { catalogue, version: versionOf(catalogue), problem }, watch: sources.watch }
  }

  #count(): void {
    const { metrics } = this.#host
    const info = metrics.gauge('catalogue_info', 'The catalogue in use, by its version.', ['version'])
    const entries = metrics.gauge('catalogue_entries', 'Entries of the catalogue in use.').with()
    const rejected = metrics
      .gauge('catalogue_rejected', 'Whether a later catalogue has mistakes and is not in use.')
      .with()
    let shown = ''
    metrics.onCollect(() => {
      const { version, catalogue, problem } = this.#edition
      if (shown !== version) {
        if (shown !== '') info.remove(shown)
        info.with((shown = version)).set(1)
      }
      entries.set(catalogue.entries.length)
      rejected.set(Number(problem !== ''))
    })
  }
}

function versionOf({ entries }: Catalogue): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  const hash = createHash('sha256')
  for (const entry of entries) hash.update(`${entry.hash}\n`)
  return hash.digest('hex').slice(0, 12)
}
