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

/** An ExportTraceServiceRequest as JSON: ids in hexadecimal, 64-bit numbers as text (OTLP specification, "JSON Protobuf Encoding"). */
export function encodeJson({ resource, scope, spans }: Exported): Buffer {
  const request = {
    resourceSpans: [
      { resource: { attributes: pairs(resource) }, scopeSpans: [{ scope, spans: spans.map(spanJson) }] },
    ],
  }
  return Buffer.from(JSON.stringify(request))
}

function spanJson(span: Span): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.traceState !== '' && { traceState: span.traceState }),
    ...(span.parentSpanId !== '' && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: SPAN_KIND[span.kind],
    startTimeUnixNano: String(unixNano(span.startMs)),
    endTimeUnixNano: String(unixNano(span.endMs)),
    attributes: pairs(span.attributes),
    ...(span.error !== undefined && {
      status: { ...(span.error !== '' && { message: span.error }), code: STATUS_ERROR },
    }),
    flags: SAMPLED,
  }
}

function pairs(attributes: Attributes): object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  )
}

function anyValue(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value !== 'number') return { arrayValue: { values: value.map(item => ({ stringValue: item })) } }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}
