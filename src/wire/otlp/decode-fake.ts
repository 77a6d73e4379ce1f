import assert from 'node:assert/strict'

/** For tests: an export as a collector reads it that knows no mercy: unknown fields, wrong types and ids of a wrong length throw. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly traceState: string
  readonly name: string
  readonly kind: number
  readonly startNano: bigint
  readonly endNano: bigint
  readonly attributes: Record<string, unknown>
  readonly status: { readonly code: number; readonly message: string } | undefined
  readonly flags: number
}

export interface ReceivedExport {
  readonly resource: Record<string, unknown>
  readonly scope: { readonly name: string; readonly version: string }
  readonly spans: readonly ReceivedSpan[]
}

export function decodeProtobuf(bytes: Uint8Array): ReceivedExport {
  const resourceSpans = only(message(bytes, { 1: 'bytes' })[1])
  const { 1: resource, 2: scopeSpans } = message(resourceSpans, { 1: 'bytes', 2: 'bytes' })
  const { 1: scope, 2: spans = [] } = message(only(scopeSpans), { 1: 'bytes', 2: 'bytes' })
  const named = message(only(scope), { 1: 'bytes', 2: 'bytes' })
  return {
    resource: attributes(message(only(resource), { 1: 'bytes' })[1]),
    scope: { name: text(only(named[1])), version: text(only(named[2])) },
    spans: spans.map(each => spanOf(each as Uint8Array)),
  }
}

function spanOf(bytes: Uint8Array): ReceivedSpan {
  const fields = message(bytes, {
    1: 'bytes',
    2: 'bytes',
    3: 'bytes',
    4: 'bytes',
    5: 'bytes',
    6: 'varint',
    7: 'fixed64',
    8: 'fixed64',
    9: 'bytes',
    15: 'bytes',
    16: 'fixed32',
  })
  const status = fields[15] && message(only(fields[15]), { 2: 'bytes', 3: 'varint' })
  return {
    traceId: id(only(fields[1]), 16),
    spanId: id(only(fields[2]), 8),
    traceState: fields[3] ? text(only(fields[3])) : '',
    parentSpanId: fields[4] ? id(only(fields[4]), 8) : '',
    name: text(only(fields[5])),
    kind: Number(only(fields[6])),
    startNano: only(fields[7]),
    endNano: only(fields[8]),
    attributes: attributes(fields[9]),
    status: status && { code: Number(only(status[3])), message: status[2] ? text(only(status[2])) : '' },
    flags: Number(only(fields[16])),
  }
}

function attributes(pairs: readonly unknown[] = []): Record<string, unknown> {
  const read: Record<string, unknown> = {}
  for (const pair of pairs) {
    const { 1: key, 2: value } = message(pair as Uint8Array, { 1: 'bytes', 2: 'bytes' })
    const name = text(only(key))
    assert.equal(Object.hasOwn(read, name), false, `the attribute ${name} comes twice`)
    read[name] = anyValue(only(value))
  }
  return read
}

function anyValue(bytes: Uint8Array): unknown {
  const fields = message(bytes, { 1: 'bytes', 2: 'varint', 3: 'varint', 4: 'double', 5: 'bytes' })
  assert.equal(Object.keys(fields).length, 1, 'a value is exactly one of its kinds')
  if (fields[1]) return text(only(fields[1]))
  if (fields[2]) return only<bigint>(fields[2]) === 1n
  if (fields[3]) return Number(BigInt.asIntN(64, only(fields[3])))
  if (fields[4]) return only(fields[4])
  const items = message(only(fields[5]), { 1: 'bytes' })[1] ?? []
  return items.map(item => anyValue(item as Uint8Array))
}

type Kind = 'varint' | 'fixed64' | 'fixed32' | 'double' | 'bytes'
const WIRE: Readonly<Record<Kind, number>> = { varint: 0, fixed64: 1, double: 1, bytes: 2, fixed32: 5 }

/** The values of a message's fields, by number; exactly these may be there. */
export function message(bytes: Uint8Array, known: Readonly<Record<number, Kind>>): Record<number, unknown[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const fields: Record<number, unknown[]> = {}
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      assert.ok(at < bytes.length && shift < 70n, 'a number without end')
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >> 3
    const kind = known[number]
    assert.ok(kind !== undefined, `field ${number} does not exist in this message`)
    assert.equal(tag & 7, WIRE[kind], `field ${number} is a ${kind}`)
    const value = (): unknown => {
      switch (kind) {
        case 'varint':
          return varint()
        case 'fixed64':
          at += 8
          return view.getBigUint64(at - 8, true)
        case 'double':
          at += 8
          return view.getFloat64(at - 8, true)
        case 'fixed32':
          at += 4
          return BigInt(view.getUint32(at - 4, true))
        case 'bytes': {
          const size = Number(varint())
          assert.ok(at + size <= bytes.length, `field ${number} is cut short`)
          at += size
          return bytes.subarray(at - size, at)
        }
      }
    }
    fields[number] = [...(fields[number] ?? []), value()]
  }
  return fields
}

function only<T = Uint8Array>(values: readonly unknown[] | undefined): T {
  assert.equal(values?.length, 1, 'the field is there exactly once')
  return values![0] as T
}

function id(bytes: Uint8Array, length: number): string {
  assert.equal(bytes.length, length, 'an id has its length')
  assert.ok(
    bytes.some(byte => byte !== 0),
    'an id is not all zeros',
  )
  return Buffer.from(bytes).toString('hex')
}

function text(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}
