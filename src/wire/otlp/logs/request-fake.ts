import { ProtobufWriter } from '../../protobuf/writer.ts'

/** An AnyValue in OTLP's JSON encoding. */
export type JsonValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number | 'NaN' | 'Infinity' | '-Infinity' }
  | { readonly bytesValue: string }
  | { readonly arrayValue: { readonly values: readonly JsonValue[] } }
  | { readonly kvlistValue: { readonly values: readonly JsonPair[] } }
  | Record<string, never>

export interface JsonPair {
  readonly key: string
  readonly value?: JsonValue
}

/** For tests: an ExportLogsServiceRequest as OTLP's JSON has it. */
export interface JsonRequest {
  readonly resourceLogs: readonly {
    readonly resource?: { readonly attributes?: readonly JsonPair[] }
    readonly scopeLogs?: readonly {
      readonly scope?: {
        readonly name?: string
        readonly version?: string
        readonly attributes?: readonly JsonPair[]
      }
      readonly logRecords?: readonly JsonLogRecord[]
    }[]
  }[]
}

export interface JsonLogRecord {
  readonly timeUnixNano?: string
  readonly observedTimeUnixNano?: string
  readonly severityNumber?: number
  readonly severityText?: string
  readonly body?: JsonValue
  readonly attributes?: readonly JsonPair[]
  readonly flags?: number
  readonly traceId?: string
  readonly spanId?: string
  readonly eventName?: string
}

/** The same request as protobuf. */
export function encodeRequest(request: JsonRequest): Buffer<ArrayBuffer> {
  const writer = new ProtobufWriter()
  for (const { resource, scopeLogs } of request.resourceLogs)
    writer.message(1, resourceLogs => {
      if (resource) resourceLogs.message(1, inner => writePairs(inner, 1, resource.attributes))
      for (const { scope, logRecords = [] } of scopeLogs ?? [])
        resourceLogs.message(2, inner => {
          if (scope)
            inner.message(1, writer => {
              if (scope.name !== undefined) writer.string(1, scope.name)
              if (scope.version !== undefined) writer.string(2, scope.version)
              writePairs(writer, 3, scope.attributes)
            })
          for (const record of logRecords) inner.message(2, writer => writeRecord(writer, record))
        })
    })
  return Buffer.from(writer.bytes)
}

function writeRecord(writer: ProtobufWriter, record: JsonLogRecord): void {
  if (record.timeUnixNano !== undefined) writer.fixed64(1, BigInt(record.timeUnixNano))
  if (record.severityNumber !== undefined) writer.varint(2, record.severityNumber)
  if (record.severityText !== undefined) writer.string(3, record.severityText)
  const { body } = record
  if (body !== undefined) writer.message(5, value => writeValue(value, body))
  writePairs(writer, 6, record.attributes)
  if (record.flags !== undefined) writer.fixed32(8, record.flags)
  if (record.traceId !== undefined) writer.embed(9, Buffer.from(record.traceId, 'hex'))
  if (record.spanId !== undefined) writer.embed(10, Buffer.from(record.spanId, 'hex'))
  if (record.observedTimeUnixNano !== undefined) writer.fixed64(11, BigInt(record.observedTimeUnixNano))
  if (record.eventName !== undefined) writer.string(12, record.eventName)
}

function writePairs(writer: ProtobufWriter, field: number, pairs: readonly JsonPair[] = []): void {
  for (const { key, value } of pairs)
    writer.message(field, pair => {
      pair.string(1, key)
      if (value !== undefined) pair.message(2, inner => writeValue(inner, value))
    })
}

function writeValue(writer: ProtobufWriter, value: JsonValue): void {
  if ('stringValue' in value) writer.string(1, value.stringValue)
  else if ('boolValue' in value) writer.varint(2, value.boolValue ? 1 : 0)
  else if ('intValue' in value) writer.int64(3, BigInt(value.intValue))
  else if ('doubleValue' in value) writer.double(4, Number(value.doubleValue))
  else if ('arrayValue' in value)
    writer.message(5, array => {
      for (const item of value.arrayValue.values) array.message(1, inner => writeValue(inner, item))
    })
  else if ('kvlistValue' in value) writer.message(6, list => writePairs(list, 1, value.kvlistValue.values))
  else if ('bytesValue' in value) writer.embed(7, Buffer.from(value.bytesValue, 'base64'))
}
