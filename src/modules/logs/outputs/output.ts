import type { Deadline, Health, Host } from '../../../kernel/module.ts'
import type { Slice } from '../batch.ts'

/**
 * One destination. It sends what it is given once and says what came of it; queueing, retries,
 * backoff, splitting, dead letters and acknowledgement are the delivery's (delivery/).
 */
export interface Output {
  /** How much one `send` may carry. */
  readonly limits: Limits
  /**
   * Resolves with what came of it, for every peer's answer and every failure of the network; rejects only for our own
   * bugs. From then on it must not look at the records: other lines may be read into their memory.
   */
  send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome>
  /**
   * For an output that takes records before they are where they belong, and is answerable for them from then on: brings
   * them there as far as there is time. What remains it must find again in its next life.
   */
  drain?(deadline: Deadline): Promise<void>
  /** Everything of this output that `outrigger` should show besides the delivery's own state. */
  health?(): Health
}

export interface Limits {
  readonly maxBytes: number
  readonly maxRecords: number
  /** How long a record may wait for others. */
  readonly maxAgeMs: number
  /** How many sends may be under way at once. */
  readonly concurrency: number
}

export type Outcome =
  /** Every record arrived, except those named. */
  | {
      readonly kind: 'done'
      /** Sent again. */
      readonly retry?: readonly Slice[]
      readonly rejected?: readonly Rejection[]
      /** Refused together because of some record that nobody can name: each is sent again in halves, until single records are rejected. */
      readonly divide?: readonly Rejection[]
    }
  /** None arrived, or nobody knows: all are sent again. `refused` = the peer refuses us (credentials, missing index), not the load. */
  | FailedOutcome
  /** Too large for the peer: sent again in halves, and later sends are smaller; a single record goes to the dead letters. */
  | { readonly kind: 'too_large'; readonly reason: string }

export interface FailedOutcome {
  readonly kind: 'failed'
  readonly reason: string
  /** How long the peer asks us to wait. */
  readonly afterMs?: number
  readonly refused?: boolean
}

/** Records that this output will never take. */
export interface Rejection {
  readonly slices: readonly Slice[]
  readonly reason: string
}

/** Opens an output. Must not fail because the peer is away: that is what `send` reports. */
export type OpenOutput<Config> = (config: Config, host: OutputHost) => Promise<Output>

/** What an output sees of the world. */
export interface OutputHost
  extends Pick<Host, 'scope' | 'signal' | 'log' | 'metrics' | 'clock' | 'slice' | 'env'> {
  /** The output's name in metrics and messages: its kind, or its kind and index when there are several. */
  readonly name: string
  /** Stays the same as long as it goes to the same place, whatever its name; fit for the name of a folder. */
  readonly id: string
  /** Where its configuration stands, for messages that name an option: `logs.outputs[0].elasticsearch`. */
  readonly key: string
  /** Stays the same as long as the spool lives: with a frame's sequence and a record's index it names a record for ever. Up to 32 characters of [0-9A-Za-z_-]. */
  readonly spoolId: string
  /** A folder of its own for state. */
  dataDir(): Promise<string>
  /** Counts records whose bytes had to be replaced because they are not UTF-8. */
  readonly invalidUtf8: { inc(by?: number): void }
}
