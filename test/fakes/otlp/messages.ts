import { parse } from 'protobufjs'

// opentelemetry-proto 1.7, as far as logs need it; read by a library that is not ours.
const { root } = parse(
  `
  syntax = "proto3";
  message AnyValue { oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  } }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
    repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9;
    bytes span_id = 10; fixed64 observed_time_unix_nano = 11; string event_name = 12;
  }
  message ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
  message ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1; }
  message ExportLogsPartialSuccess { int64 rejected_log_records = 1; string error_message = 2; }
  message ExportLogsServiceResponse { ExportLogsPartialSuccess partial_success = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  `,
)

export interface LogRecord {
  readonly timeUnixNano?: string
  readonly severityNumber?: number
  readonly severityText?: string
  readonly body?: Value
  readonly attributes?: readonly Pair[]
  readonly flags?: number
  /** Hexadecimal. */
  readonly traceId?: string
  readonly spanId?: string
  readonly eventName?: string
}

export interface ExportRequest {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly Pair[] }
    readonly scopeLogs?: readonly {
      readonly scope?: {
        readonly name?: string
        readonly version?: string
        readonly attributes?: readonly Pair[]
      }
      readonly logRecords?: readonly LogRecord[]
    }[]
  }[]
}

export type Value = Readonly<Record<string, unknown>>
export interface Pair {
  readonly key: string
  readonly value?: Value
}

/** Decodes strictly: throws for what the schema does not know, and for what is not encoded as everybody does it. */
export function decodeRequest(bytes: Buffer): ExportRequest {
  const type = root.lookupType('ExportLogsServiceRequest')
  const message = type.decode(bytes)
  if (!bytes.equals(type.encode(message).finish()))
    throw new Error('the request does not survive a round trip')
  const plain = type.toObject(message, { longs: String, bytes: Buffer }) as ExportRequest
  const hex = (_: string, value: unknown) => {
    const bytes =
      (value as { type?: string })?.type === 'Buffer' ? (value as { data: number[] }).data : undefined
    return bytes ? Buffer.from(bytes).toString('hex') : value
  }
  return JSON.parse(JSON.stringify(plain), hex) as ExportRequest
}

/** For the answers of a receiver. */
export function encode(type: 'ExportLogsServiceResponse' | 'RetryInfo' | 'Status', value: object): Buffer {
  const found = root.lookupType(type)
  return Buffer.from(found.encode(found.fromObject(value)).finish())
}

/** Reads OTLP's JSON strictly: every name and form must be one of the specification. */
export function readJsonRequest(text: string): ExportRequest {
  const request = JSON.parse(text) as ExportRequest
  check(request, { resourceLogs: 'list' }, 'request')
  for (const one of request.resourceLogs ?? []) {
    check(one, { resource: 'object', scopeLogs: 'list' }, 'resourceLogs')
    if (one.resource) checkPairs(one.resource.attributes)
    for (const { scope, logRecords = [] } of one.scopeLogs ?? []) {
      if (scope) check(scope, { name: 'string', version: 'string', attributes: 'list' }, 'scope')
      checkPairs(scope?.attributes)
      for (const record of logRecords) checkRecord(record)
    }
  }
  return request
}

function checkRecord(record: LogRecord): void {
  check(
    record,
    {
      timeUnixNano: /^\d+$/,
      observedTimeUnixNano: /^\d+$/,
      severityNumber: 'number',
      severityText: 'string',
      body: 'object',
      attributes: 'list',
      flags: 'number',
      traceId: /^[0-9a-f]{32}$/,
      spanId: /^[0-9a-f]{16}$/,
      eventName: 'string',
    },
    'logRecord',
  )
  if (record.body) checkValue(record.body)
  checkPairs(record.attributes)
}

function checkPairs(pairs: readonly Pair[] = []): void {
  for (const pair of pairs) {
    check(pair, { key: 'string', value: 'object' }, 'attribute')
    if (pair.value) checkValue(pair.value)
  }
}

function checkValue(value: Value): void {
  check(
    value,
    {
      stringValue: 'string',
      boolValue: 'boolean',
      intValue: /^-?\d+$/,
      doubleValue: 'number',
      arrayValue: 'object',
      kvlistValue: 'object',
      bytesValue: 'string',
    },
    'value',
  )
  if (Object.keys(value).length > 1) throw new Error('a value is of two types')
  const { arrayValue, kvlistValue } = value as {
    arrayValue?: { values: Value[] }
    kvlistValue?: { values: Pair[] }
  }
  for (const item of arrayValue?.values ?? []) checkValue(item)
  checkPairs(kvlistValue?.values)
}

function check(value: object, fields: Readonly<Record<string, string | RegExp>>, what: string): void {
  for (const [name, field] of Object.entries(value)) {
    const expected = fields[name]
    const fits =
      expected instanceof RegExp
        ? typeof field === 'string' && expected.test(field)
        : expected === 'list'
          ? Array.isArray(field)
          : typeof field === expected && !Array.isArray(field)
    if (!fits) throw new Error(`${what} has a field ${name} that is ${JSON.stringify(field)}`)
  }
}
