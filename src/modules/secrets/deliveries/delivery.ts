import type { Health, Host } from '../../../kernel/module.ts'
import type { Gateway, GatewayOptions } from '../gateway/offer.ts'
import type { SecretSource, TokenSource } from '../sources/source.ts'
import type { ContentConfig } from '../templates/config.ts'
import type { Content } from '../templates/content.ts'
import type { Rendition, SecretTable } from '../templates/rendition.ts'

/** One way in which secrets reach the application, kept up to date until it is disposed of. */
export interface Delivery extends AsyncDisposable {
  readonly name: string
  /** It was delivered once, in this process or by an earlier one as it would be now. */
  readonly isReady: boolean
  health(): Health
  readonly status: DeliveryStatus
  /** Makes everything anew and delivers what has changed. */
  start(): void
  /** Resolves once what is being written is written. */
  settled(): Promise<void>
}

/** For people; names and times only. */
export interface DeliveryStatus {
  readonly kind: string
  /** Where it goes: a path, a variable's name. */
  readonly target: string
  readonly renditions: readonly Rendition[]
  /** Of the wall clock. */
  readonly deliveredAtMs?: number
  readonly changes: number
}

/** What deliveries are made of. */
export interface DeliveryHost
  extends Pick<
    Host,
    'clock' | 'dataDir' | 'listen' | 'log' | 'metrics' | 'signal' | 'supervision' | 'scope'
  > {
  readonly table: SecretTable
  readonly random: () => number
  /** Compiles; rejects with a message for people, with the place in a template. */
  readonly contentOf: (config: ContentConfig, name: string) => Promise<Content>
  /** The token of a source, of the first one for undefined; undefined when it has none. */
  readonly tokensOf: (source: string | undefined) => TokenSource | undefined
  /** By name, the first one for undefined. */
  readonly sourceOf: (name: string | undefined) => SecretSource | undefined
  readonly gateway: (options: GatewayOptions) => Promise<Gateway>
  /** What was delivered has changed. */
  readonly changed: () => void
  readonly measure: {
    rendered(name: string, seconds: number, failed: boolean): void
    delivered(name: string, failed: boolean): void
  }
}
