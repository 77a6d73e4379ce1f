/** What a write request holds, read as prometheus.WriteRequest field by field; throws for whatever does not belong there. */
export interface DecodedWrite {
  readonly series: readonly DecodedSeries[]
  readonly metadata: readonly { readonly type: number; readonly name: string; readonly help: string }[]
}

export interface DecodedSeries {
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly samples: readonly { readonly bits: bigint; readonly value: number; readonly timeMs: number }[]
}

interface Field {
  readonly number: number
  readonly value: bigint | Buffer
}

export function decodeWrite(body: Buffer): DecodedWrite {
  const fields = fieldsOf(body)
  for (const { number } of fields)
    if (number !== 1 && number !== 3) throw new Error(`unknown field ${number} of a write request`)
  return {
    series: fields.filter(({ number }) => number === 1).map(field => seriesOf(bytesOf(field))),
    metadata: fields
      .filter(({ number }) => number === 3)
      .map(field => {
        const of = new Map(fieldsOf(bytesOf(field)).map(({ number, value }) => [number, value]))
        return { type: Number(of.get(1)), name: String(of.get(2)), help: String(of.get(4)) }
      }),
  }
}

function seriesOf(bytes: Buffer): DecodedSeries {
  const labels: (readonly [string, string])[] = []
  const samples: DecodedSeries['samples'][number][] = []
  for (const field of fieldsOf(bytes)) {
    const of = new Map(fieldsOf(bytesOf(field)).map(({ number, value }) => [number, value]))
    if (field.number === 1) labels.push([String(of.get(1)), String(of.get(2))])
    else if (field.number === 2) {
      const double = of.get(1) as Buffer
      samples.push({
        bits: double.readBigUInt64LE(),
        value: double.readDoubleLE(),
        timeMs: Number(of.get(2)),
      })
    } else throw new Error(`unknown field ${field.number} of a series`)
  }
  return { labels, samples }
}

function bytesOf({ number, value }: Field): Buffer {
  if (typeof value === 'bigint') throw new Error(`field ${number} is a number`)
  return value
}

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length) throw new Error('cut off')
      const byte = bytes[at++]
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (size: number) => {
    if (at + size > bytes.length) throw new Error('cut off')
    at += size
    return bytes.subarray(at - size, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >> 3
    if ((tag & 7) === 0) fields.push({ number, value: varint() })
    else if ((tag & 7) === 1) fields.push({ number, value: take(8) })
    else if ((tag & 7) === 2) fields.push({ number, value: take(Number(varint())) })
    else throw new Error(`wire type ${tag & 7}`)
  }
  return fields
}
