export interface PartialSuccess {
  /** Spans that the collector did not take. */
  readonly rejected: number
  /** Why; may be empty, and may be there without rejected spans as a warning. */
  readonly message: string
}

const ALL: PartialSuccess = { rejected: 0, message: '' }

/** Reads an ExportTraceServiceResponse: field 1 { 1: rejected_spans, 2: error_message }. Nonsense says nothing was rejected. */
export function decodePartialSuccess(bytes: Buffer): PartialSuccess {
  for (const { field, value } of fieldsOf(bytes)) {
    if (field !== 1 || typeof value === 'number') continue
    let { rejected, message } = ALL
    for (const inner of fieldsOf(value)) {
      if (inner.field === 1 && typeof inner.value === 'number') rejected = inner.value
      else if (inner.field === 2 && typeof inner.value !== 'number') message = inner.value.toString('utf8')
    }
    return { rejected, message }
  }
  return ALL
}

/** The numbers and the texts of a message, up to its first fault. */
function* fieldsOf(bytes: Buffer): Generator<{ readonly field: number; readonly value: number | Buffer }> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; at < bytes.length && scale <= 2 ** 49; scale *= 128) {
      const byte = bytes[at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
  while (at < bytes.length) {
    const tag = varint()
    const value = varint()
    if (Number.isNaN(tag) || Number.isNaN(value)) return
    const field = Math.floor(tag / 8)
    if (tag % 8 === 0) yield { field, value }
    else if (tag % 8 === 2 && at + value <= bytes.length) {
      yield { field, value: bytes.subarray(at, at + value) }
      at += value
    } else return
  }
}
