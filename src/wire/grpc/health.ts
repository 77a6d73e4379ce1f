/** What a server says of a service (grpc.health.v1, HealthCheckResponse.ServingStatus). */
export const SERVING_STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const

export type ServingStatus = (typeof SERVING_STATUSES)[number]

const PREFIX_BYTES = 5
const FIELD_1_TEXT = 0x0a
const FIELD_1_NUMBER = 0x08

/** The message of a call of `/grpc.health.v1.Health/Check`: a HealthCheckRequest in gRPC's frame; `''` asks for the whole server. */
export function encodeHealthCheck(service: string): Uint8Array {
  const name = new TextEncoder().encode(service)
  const field = name.length === 0 ? [] : [FIELD_1_TEXT, ...varint(name.length), ...name]
  return Uint8Array.of(0, 0, 0, field.length >>> 8, field.length & 0xff, ...field)
}

/** The status in a framed HealthCheckResponse; undefined for bytes that are none. Fields that are not known are passed over. */
export function decodeHealthStatus(bytes: Uint8Array): ServingStatus | undefined {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== 0) return undefined
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
  if (bytes.length !== PREFIX_BYTES + length) return undefined
  const reader: Reader = { bytes, at: PREFIX_BYTES }
  let status = 0
  while (reader.at < bytes.length) {
    const tag = readVarint(reader)
    if (tag === undefined || tag >>> 3 === 0) return undefined
    const value = tag === FIELD_1_NUMBER ? readVarint(reader) : skip(reader, tag & 7)
    if (value === undefined || reader.at > bytes.length) return undefined
    if (tag === FIELD_1_NUMBER) status = value
  }
  return SERVING_STATUSES[status]
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

/** Up to 64 bits, of which the lower 32 count. */
function readVarint(reader: Reader): number | undefined {
  let value = 0
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) return undefined
    if (shift < 32) value = (value | ((byte & 0x7f) << shift)) >>> 0
    if (byte < 0x80) return value
  }
  return undefined
}

/** Passes over a field of a wire type. */
function skip(reader: Reader, type: number): number | undefined {
  if (type === 0) return readVarint(reader)
  const length = type === 1 ? 8 : type === 5 ? 4 : type === 2 ? readVarint(reader) : undefined
  if (length === undefined) return undefined
  reader.at += length
  return length
}
