import { MsgpackError } from './error.ts'
import { MsgpackKind, type MsgpackReader } from './reader.ts'

/** A small value as JavaScript has it; binary values and extensions are bytes. */
export type MsgpackValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | readonly MsgpackValue[]
  | ReadonlyMap<string, MsgpackValue>

/** For what is small: handshakes, options, acknowledgements. */
const MAX_DEPTH = 8
const MAX_LENGTH = 1000

/** Reads a whole value; throws MsgpackError also for what is larger than such values are. */
export function readValue(
  reader: MsgpackReader,
  at: number,
  depth = 0,
): { value: MsgpackValue; next: number } {
  let next = reader.read(at)
  const { kind, length, start, bytes } = reader
  if (kind === MsgpackKind.array || kind === MsgpackKind.map) {
    if (depth >= MAX_DEPTH || length > MAX_LENGTH) throw new MsgpackError('more than belongs here')
    const items: MsgpackValue[] = []
    const members = new Map<string, MsgpackValue>()
    for (let i = 0; i < length; i++) {
      const first = readValue(reader, next, depth + 1)
      next = first.next
      if (kind === MsgpackKind.array) {
        items.push(first.value)
        continue
      }
      const second = readValue(reader, next, depth + 1)
      next = second.next
      members.set(String(first.value), second.value)
    }
    return { value: kind === MsgpackKind.array ? items : members, next }
  }
  switch (kind) {
    case MsgpackKind.nil:
      return { value: null, next }
    case MsgpackKind.boolean:
      return { value: reader.number === 1, next }
    case MsgpackKind.bigInteger:
      return { value: reader.big, next }
    case MsgpackKind.text:
      return { value: bytes.toString('utf8', start, start + length), next }
    case MsgpackKind.binary:
    case MsgpackKind.extension:
      return { value: bytes.subarray(start, start + length), next }
    default:
      return { value: reader.number, next }
  }
}
