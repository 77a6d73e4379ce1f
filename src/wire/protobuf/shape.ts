import { ProtobufFault, ProtobufReader } from './reader.ts'

/** The fields of a message that are messages themselves, by tag; all others may hold anything. */
export interface Shape {
  readonly [tag: number]: () => Shape
}

/** Throws ProtobufFault unless the bytes, and the messages in them as far as the shape tells, are well formed. */
export function verifyShape(bytes: Buffer, start: number, end: number, shape: Shape, maxDepth: number): void {
  if (maxDepth === 0) throw new ProtobufFault('messages are nested too deep')
  const reader = new ProtobufReader(bytes, start, end)
  while (reader.next()) {
    const inner = shape[reader.tag]
    if (inner !== undefined) verifyShape(bytes, reader.start, reader.end, inner(), maxDepth - 1)
  }
}
