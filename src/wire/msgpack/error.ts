/** Bytes that are no MessagePack, or more of it than is allowed. */
export class MsgpackError extends Error {
  override readonly name = 'MsgpackError'
}
