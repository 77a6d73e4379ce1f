// gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md), as far as unary calls need it.

/** One message of a body that holds exactly one, and whether it is compressed as `grpc-encoding` says; undefined when it holds anything else. */
export function unframeMessage(
  body: Buffer,
): { readonly message: Buffer; readonly compressed: boolean } | undefined {
  if (body.length < 5 || body[0] > 1 || body.length !== 5 + body.readUInt32BE(1)) return undefined
  return { message: body.subarray(5), compressed: body[0] === 1 }
}

/** The message with its prefix. */
export function frameMessage(message: Buffer, compressed = false): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length)
  framed[0] = compressed ? 1 : 0
  framed.writeUInt32BE(message.length, 1)
  message.copy(framed, 5)
  return framed
}
