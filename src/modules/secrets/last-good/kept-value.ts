import type { Value } from '../../../wire/gotemplate/value.ts'
import { JsonNumber, type LosslessJson } from '../../../wire/json/lossless.ts'
import { type AnswerParts, type SecretData, SecretValue, type Timing } from '../secret/value.ts'

/** A value in the file: what was asked, what came, and how long it was good. */
export interface KeptSecret {
  readonly key: string
  readonly value: SecretValue
}

/** Bytes are marked, because JSON has none. */
const BYTES = '\u0000bytes'

export function encodeKept({ key, value }: KeptSecret): LosslessJson {
  const isShared = value.document === value.data
  return new Map<string, LosslessJson>([
    ['key', key],
    ['data', encode(value.data)],
    ...(isShared ? [] : [['document', encode(value.document)] as const]),
    ['timing', fromPlain(value.timing)],
    ...(value.version === undefined ? [] : [['version', value.version] as const]),
    ['answer', encodeAnswer(value.answer)],
  ])
}

/** Undefined for what no version of ours has written. */
export function decodeKept(entry: LosslessJson): KeptSecret | undefined {
  if (!(entry instanceof Map)) return undefined
  const [key, data, timing] = [entry.get('key'), entry.get('data'), entry.get('timing')]
  if (typeof key !== 'string' || !(data instanceof Map) || !(timing instanceof Map)) return undefined
  const document = entry.get('document')
  const version = entry.get('version')
  return {
    key,
    value: new SecretValue({
      data: decode(data) as SecretData,
      ...(document instanceof Map && { document: decode(document) as SecretData }),
      timing: toPlain(timing) as Timing,
      ...(typeof version === 'string' && { version }),
      answer: decodeAnswer(entry.get('answer')),
    }),
  }
}

function encode(value: Value): LosslessJson {
  if (value instanceof Uint8Array) return new Map([[BYTES, Buffer.from(value).toString('base64')]])
  if (Array.isArray(value)) return value.map(encode)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [String(key), encode(item)]))
  if (typeof value === 'bigint') return new JsonNumber(String(value))
  return (value ?? null) as LosslessJson
}

function decode(value: LosslessJson): Value {
  if (Array.isArray(value)) return value.map(decode)
  if (!(value instanceof Map)) return value as Value
  const bytes = value.get(BYTES)
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64')
  return new Map([...value].map(([key, item]) => [key, decode(item)]))
}

function encodeAnswer({ requestId, warnings, auth, wrapInfo }: AnswerParts): LosslessJson {
  return new Map<string, LosslessJson>([
    ...(requestId === undefined ? [] : [['requestId', requestId] as const]),
    ...(warnings === undefined ? [] : [['warnings', [...warnings]] as const]),
    ...(auth === undefined ? [] : [['auth', encode(auth)] as const]),
    ...(wrapInfo === undefined ? [] : [['wrapInfo', encode(wrapInfo)] as const]),
  ])
}

function decodeAnswer(value: LosslessJson | undefined): AnswerParts {
  if (!(value instanceof Map)) return {}
  const [requestId, warnings] = [value.get('requestId'), value.get('warnings')]
  const [auth, wrapInfo] = [value.get('auth'), value.get('wrapInfo')]
  return {
    ...(typeof requestId === 'string' && { requestId }),
    ...(Array.isArray(warnings) && { warnings: warnings.map(String) }),
    ...(auth instanceof Map && { auth: decode(auth) as ReadonlyMap<string, Value> }),
    ...(wrapInfo instanceof Map && { wrapInfo: decode(wrapInfo) as ReadonlyMap<string, Value> }),
  }
}

function fromPlain(value: unknown): LosslessJson {
  if (typeof value === 'number') return new JsonNumber(String(value))
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([key, item]) => [key, fromPlain(item)]))
  return value as LosslessJson
}

function toPlain(value: LosslessJson): unknown {
  if (value instanceof JsonNumber) return Number(value.text)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, toPlain(item)]))
  return value
}
