import type { Host } from '../../../kernel/module.ts'
import type { SecretSource } from './source.ts'

/** What sources are made of. Their scope ends with them, which may be before the module does. */
export interface SourceHost
  extends Pick<Host, 'clock' | 'env' | 'log' | 'scope' | 'signal' | 'slice' | 'dataDir'> {
  /** The source's own. */
  readonly name: string
  /** Where its options stand, for messages: `secrets.sources[0].vault`. */
  readonly key: string
  /** The other sources that it is made of, by the option that names them (`basesOf`). */
  readonly bases: ReadonlyMap<string, SecretSource>
  readonly random: () => number
  readonly measure: { login(what: 'login' | 'renewal', failed: boolean): void }
}
