/** Where logs are sent to by HTTP, behind the address of the receiver (OTLP specification, "OTLP/HTTP Request"). */
export const LOGS_PATH = '/v1/logs'

/** The method of gRPC that takes logs, as a path. */
export const EXPORT_METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'
