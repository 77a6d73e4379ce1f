import { ProtobufWriter } from '../protobuf/writer.ts'
import {
  type Attributes,
  type AttributeValue,
  type Exported,
  SAMPLED,
  SPAN_KIND,
  type Span,
  STATUS_ERROR,
  unixNano,
} from './span.ts'

/** An ExportTraceServiceRequest as protobuf (opentelemetry/proto/collector/trace/v1/trace_service.proto). */
export function encodeProtobuf({ resource, scope, spans }: Exported): Buffer {
  const request = new ProtobufWriter()
  request.message(1, resourceSpans => {
    resourceSpans.message(1, writer => writeAttributes(writer, 1, resource))
    resourceSpans.message(2, scopeSpans => {
      scopeSpans.message(1, writer => {
        writer.string(1, scope.name)
        writer.string(2, scope.version)
      })
      for (const span of spans) scopeSpans.message(2, writer => writeSpan(writer, span))
    })
  })
  return request.bytes
}

function writeSpan(writer: ProtobufWriter, span: Span): void {
  writer.embed(1, Buffer.from(span.traceId, 'hex'))
  writer.embed(2, Buffer.from(span.spanId, 'hex'))
  if (span.traceState !== '') writer.string(3, span.traceState)
  if (span.parentSpanId !== '') writer.embed(4, Buffer.from(span.parentSpanId, 'hex'))
  writer.string(5, span.name)
  writer.varint(6, SPAN_KIND[span.kind])
  writer.fixed64(7, unixNano(span.startMs))
  writer.fixed64(8, unixNano(span.endMs))
  writeAttributes(writer, 9, span.attributes)
  const { error } = span
  if (error !== undefined)
    writer.message(15, status => {
      if (error !== '') status.string(2, error)
      status.varint(3, STATUS_ERROR)
    })
  writer.fixed32(16, SAMPLED)
}

function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue
    writer.message(field, pair => {
      pair.string(1, key)
      pair.message(2, any => writeValue(any, value))
    })
  }
}

function writeValue(writer: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') writer.string(1, value)
  else if (typeof value === 'boolean') writer.varint(2, value ? 1 : 0)
  else if (typeof value !== 'number')
    writer.message(5, array => {
      for (const item of value) array.message(1, any => any.string(1, item))
    })
  else if (Number.isSafeInteger(value)) writer.int64(3, value)
  else writer.double(4, value)
}
