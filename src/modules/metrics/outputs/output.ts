import type { Deadline, DrainReason, Health, Host } from '../../../kernel/module.ts'

/** One way in which the metrics leave the process. */
export interface Output {
  health(): Health
  drain?(deadline: Deadline, reason: DrainReason): Promise<void>
}

/** What an output is called. */
export interface OutputName {
  /** In metrics and messages. */
  readonly name: string
  /** Where its configuration stands, for messages that name an option: `metrics.outputs[0].remoteWrite`. */
  readonly key: string
}

export type OpenOutput<Config> = (config: Config, host: Host, name: OutputName) => Promise<Output>
