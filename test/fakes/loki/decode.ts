/** What a push request holds. */
export interface DecodedStream {
  /** As text. */
  readonly labels: string
  readonly entries: readonly DecodedEntry[]
}

export interface DecodedEntry {
  readonly timeNs: bigint
  readonly line: string
  readonly metadata: Readonly<Record<string, string>>
}

interface Field {
  readonly number: number
  readonly value: bigint | Buffer
}

/** Reads a PushRequest (pkg/push/push.proto) field by field; throws for whatever does not belong there. */
export function decodePush(body: Buffer): DecodedStream[] {
  return fieldsOf(body).map(field => {
    only(field, 1)
    let labels = ''
    const entries: DecodedEntry[] = []
    for (const inner of fieldsOf(bytesOf(field))) {
      if (inner.number === 1) labels = textOf(inner)
      else if (inner.number === 2) entries.push(entryOf(bytesOf(inner)))
      else throw new Error(`unknown field ${inner.number} of a stream`)
    }
    return { labels, entries }
  })
}

function entryOf(bytes: Buffer): DecodedEntry {
  let timeNs: bigint | undefined
  let line = ''
  const metadata: Record<string, string> = {}
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) timeNs = momentOf(bytesOf(field))
    else if (field.number === 2) line = textOf(field)
    else if (field.number === 3) {
      const [name, value] = fieldsOf(bytesOf(field))
      metadata[textOf(name)] = textOf(value)
    } else throw new Error(`unknown field ${field.number} of an entry`)
  }
  if (timeNs === undefined) throw new Error('an entry without a timestamp')
  return { timeNs, line, metadata }
}

function momentOf(bytes: Buffer): bigint {
  let seconds = 0n
  let nanos = 0n
  for (const { number, value } of fieldsOf(bytes)) {
    if (typeof value !== 'bigint') throw new Error('a timestamp is made of numbers')
    if (number === 1) seconds = value
    else if (number === 2) nanos = value
  }
  if (nanos > 999_999_999n) throw new Error(`${nanos} nanoseconds`)
  return seconds * 1_000_000_000n + nanos
}

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length) throw new Error('a number is cut off')
      const byte = bytes[at++]
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const number = key >> 3
    if ((key & 7) === 0) fields.push({ number, value: varint() })
    else if ((key & 7) === 2) {
      const length = Number(varint())
      if (at + length > bytes.length) throw new Error('a field is cut off')
      fields.push({ number, value: bytes.subarray(at, (at += length)) })
    } else throw new Error(`wire type ${key & 7}`)
  }
  return fields
}

function only({ number }: Field, wanted: number): void {
  if (number !== wanted) throw new Error(`unknown field ${number}`)
}

function bytesOf({ value }: Field): Buffer {
  if (!Buffer.isBuffer(value)) throw new Error('expected a message')
  return value
}

function textOf(field: Field): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(field))
}

/** `{a="b", c="d"}` → names and values; undefined when the server could not read it. */
export function parseLabels(text: string): [string, string][] | undefined {
  if (!/^\{.*\}$/s.test(text)) return undefined
  const labels: [string, string][] = []
  let rest = text.slice(1, -1)
  while (rest !== '') {
    const pair =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)=("(?:[^"\\\n]|\\(?:[abfnrtv"\\]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}))*")(?:, ?|$)/.exec(
        rest,
      )
    if (!pair) return undefined
    labels.push([pair[1], JSON.parse(pair[2]) as string])
    rest = rest.slice(pair[0].length)
  }
  return labels
}
