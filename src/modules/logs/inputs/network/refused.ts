/** Why something that was sent is not taken: the label of the metric. */
export type RefusalReason =
  | 'connections'
  | 'too_slow'
  | 'idle'
  | 'too_large'
  | 'malformed'
  | 'unauthorized'
  | 'slow_reader'
  | 'busy'

/** A sender that cannot be served: its connection ends. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, message: string) {
    super(message)
    this.reason = reason
  }
}
