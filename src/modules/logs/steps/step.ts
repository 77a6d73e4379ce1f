import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Metrics } from '../../../kernel/metrics/metrics.ts'
import type { Host } from '../../../kernel/module.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import type { RecordMetrics } from '../record-metrics.ts'

/** Looks at one record, and may edit it or what is known of it. False drops it. */
export type Step = (record: JsonRecord, event: StepEvent) => boolean

/** What a step knows of a record beside its fields. One object serves record after record: nobody keeps it. */
export interface StepEvent {
  /** When it happened, milliseconds since the epoch. A step may change it. */
  timeMs: number
  /** What it is routed by. A step may change it; the steps that follow see the new one. */
  tag: string
  /** The path of its file, or what stands for one. */
  readonly path: string
  /** The name of its input. */
  readonly input: string
  /** When it was read, milliseconds since the epoch. */
  readonly readAtMs: number
  /**
   * Sends a copy of the record as it is now through all common steps, from the first on, under this tag. False, and
   * nothing is sent, when the record comes from this step (`by`) already: it would come round for ever.
   */
  emitCopy(tag: string, by: object): boolean
  /**
   * Puts one more record behind this one: it goes on with the steps behind the step that calls, known by `by`, which sees
   * it once more (`isSibling`) and lets it pass. False where one record cannot become several: in steps of an output.
   */
  emitSibling(json: Buffer, by: object): boolean
  /** Whether this record was made so by that step. */
  isSibling(by: object): boolean
}

/** What steps are made with. */
export interface StepHost extends Pick<Host, 'scope' | 'env'> {
  readonly clock: Clock
  readonly log: Log
  /** The module's own, for steps that count something of their own. */
  readonly metrics: Metrics
  readonly recordMetrics: RecordMetrics
  /** Whose records they see: the name of an input, or of an output. */
  readonly owner: string
  /** Where the list stands in the configuration, for messages: `logs.steps`. */
  readonly key: string
  /** The first records wait for this, a few seconds at the most. Absent where nobody waits. */
  holdFor?(learnt: Promise<unknown>): void
  /** Nothing may be asked of others: somebody only tries lines. */
  readonly offline?: boolean
}
