import { randomBytes } from 'node:crypto'

const MAGIC = Buffer.of(0x1e, 0x0f)
const ID_BYTES = 8
const HEAD_BYTES = MAGIC.length + ID_BYTES + 2
/** A server puts no more than these together. */
const MAX_PIECES = 128

/** The datagrams of a message: itself, or pieces with an id and numbers. Undefined when it needs too many. */
export function datagramsOf(message: Buffer, packetBytes: number): Buffer[] | undefined {
  if (message.length <= packetBytes) return [message]
  const size = packetBytes - HEAD_BYTES
  const count = Math.ceil(message.length / size)
  if (count > MAX_PIECES) return undefined
  const id = randomBytes(ID_BYTES)
  return Array.from({ length: count }, (_, at) =>
    Buffer.concat([MAGIC, id, Buffer.of(at, count), message.subarray(at * size, (at + 1) * size)]),
  )
}
