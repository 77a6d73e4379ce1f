/**
 * A kind of input that is sent to, with a sender as its protocol has them. The chaos test kills the sidecar that has it:
 * what the sender was told is safe must be.
 */
export interface Source {
  /** Of the input, as in `logs.inputs`. */
  readonly kind: string
  /** In test names, where one kind is tried in several ways. */
  readonly name?: string
  /** The options of the input, as a user writes them. */
  options(port: number): object
  /** Sends a record `{"n": …}` for each number. True: acknowledged, false: come again. Rejects when the connection broke. */
  send(port: number, numbers: readonly number[]): Promise<boolean>
}
