type Crc32 = (data: Uint8Array, value?: number) => number

let crc32: Crc32 | undefined

/** CRC-32 of all pieces in order (the runtime's own; zlib is loaded on first use). */
export function checksum(pieces: readonly Uint8Array[]): number {
  crc32 ??= process.getBuiltinModule('node:zlib').crc32 as Crc32
  let value = 0
  for (const piece of pieces) value = crc32(piece, value)
  return value
}
