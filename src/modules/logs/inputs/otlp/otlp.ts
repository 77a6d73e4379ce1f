import type { ServerRequest } from '../../../../http/server/request.ts'
import { inTurns } from '../../../../kernel/long-work.ts'
import { unframeMessage } from '../../../../wire/grpc/message.ts'
import { type Key, keyOf } from '../../../../wire/json/path.ts'
import { ObjectScanner } from '../../../../wire/json/scan.ts'
import { JsonLogs, JsonShapeFault, verifyLogsJson } from '../../../../wire/otlp/logs/json.ts'
import { ProtobufLogs, verifyLogsProtobuf } from '../../../../wire/otlp/logs/protobuf.ts'
import { type LogRecords, RefusedRecord } from '../../../../wire/otlp/logs/record.ts'
import { EXPORT_METHOD, LOGS_PATH } from '../../../../wire/otlp/logs/service.ts'
import { ProtobufFault } from '../../../../wire/protobuf/reader.ts'
import type { Gathered } from '../gathered.ts'
import type { Answer } from '../http-server/answer.ts'
import { codingOf } from '../http-server/decompress.ts'
import type { Intake } from '../http-server/intake.ts'
import { methodNotAllowed, Refused } from '../http-server/refusal.ts'
import { type Received, type Route, type Service, startHttpInput } from '../http-server/server.ts'
import type { Input, InputHost } from '../input.ts'
import type { OtlpInputConfig } from './config.ts'
import { type Encoding, encodingOf, failure, type Rejected, success } from './encoding.ts'

/** A larger record is not taken. */
const MAX_RECORD_BYTES = 1 << 20
/** Each record repeats its resource: all of a request may have so many times the bytes that a body may. */
const MAX_GROWTH = 16

/** Takes logs by OTLP: HTTP with protobuf or JSON, and gRPC. */
export async function startOtlp(config: OtlpInputConfig, host: InputHost): Promise<Input> {
  const { listen, grpcListen } = config
  const addresses = grpcListen === undefined ? [listen] : [listen, grpcListen]
  return await startHttpInput({ config, listen: addresses, service: new OtlpService(config, host) }, host)
}

class OtlpService implements Service {
  readonly #config: OtlpInputConfig
  readonly #host: InputHost
  readonly #messageKey: Key
  readonly #rejected: { inc(by?: number): void }

  constructor(config: OtlpInputConfig, host: InputHost) {
    this.#config = config
    this.#host = host
    this.#messageKey = keyOf(config.bodyField)
    this.#rejected = host.metrics
      .counter(
        'http_rejected_records_total',
        'Records that were not taken while others of their request were.',
        ['input'],
      )
      .with(host.name)
  }

  route(request: ServerRequest): Route {
    const { method, path } = request
    const encoding = encodingOf(request)
    const expected = encoding === 'grpc' ? EXPORT_METHOD : LOGS_PATH
    if (path !== expected)
      throw new Refused(
        'not_supported',
        404,
        `only logs are taken, at ${expected}; there is no ${path.slice(0, 100)}`,
      )
    if (method !== 'POST') throw methodNotAllowed('POST')
    if (encoding === undefined)
      throw new Refused(
        'content_type',
        415,
        'expected the content type application/x-protobuf, application/json or application/grpc',
      )
    return { bringsRecords: true, answer: received => this.#take(received, encoding) }
  }

  refusal(refused: Refused, request: ServerRequest): Answer {
    return failure(refused, encodingOf(request))
  }

  async #take(received: Received, encoding: Encoding): Promise<Answer> {
    const body = encoding === 'grpc' ? await grpcMessage(received) : received.body
    const records = await this.#read(body, encoding)
    const rejected = await this.#store(records, received.intake)
    this.#rejected.inc(rejected.count)
    return success(encoding, this.#config.successStatus, rejected)
  }

  /** Throws Refused for a body that is malformed anywhere: then none of its records is taken. */
  async #read(body: Buffer, encoding: Encoding): Promise<LogRecords> {
    if (encoding === 'json') {
      const scanner = new ObjectScanner()
      if (!scanner.scan(body, 0, body.length))
        throw malformed(`JSON: expected ${scanner.error} at byte ${scanner.errorAt + 1}`)
    }
    try {
      await inTurns(encoding === 'json' ? verifyLogsJson(body) : verifyLogsProtobuf(body), this.#host.slice)
    } catch (error) {
      if (error instanceof ProtobufFault || error instanceof JsonShapeFault)
        throw malformed(`an ExportLogsServiceRequest: ${error.message}`)
      throw error
    }
    return new (encoding === 'json' ? JsonLogs : ProtobufLogs)(body, this.#messageKey)
  }

  async #store(records: LogRecords, intake: Intake): Promise<Rejected> {
    const { slice } = this.#host
    let left = this.#config.maxBodyBytes * MAX_GROWTH
    let count = 0
    let reason = ''
    let gathered: Gathered | undefined
    let service: string | undefined
    for (const record of records) {
      const pause = slice()
      if (pause) await pause
      if (gathered === undefined || service !== record.serviceName) {
        await gathered?.finish()
        service = record.serviceName
        const path = service || 'unknown_service'
        gathered = intake.gather(path, this.#host.tag(path))
      }
      try {
        const timeMs = record.write(gathered.out)
        if (gathered.recordBytes > MAX_RECORD_BYTES)
          throw new RefusedRecord('the record is larger than 1 MiB')
        left -= gathered.recordBytes
        if (left < 0)
          throw new RefusedRecord('with their resource the records of the request take too much room')
        await gathered.end(timeMs)
      } catch (error) {
        if (!(error instanceof RefusedRecord)) throw error
        gathered.drop()
        if (count++ === 0) reason = error.message
      }
    }
    await gathered?.finish()
    return { count, reason }
  }
}

async function grpcMessage({ request, body, decompress }: Received): Promise<Buffer> {
  const framed = unframeMessage(body)
  if (framed === undefined) throw malformed('one message of gRPC')
  if (!framed.compressed) return framed.message
  const coding = codingOf(request.headers.get('grpc-encoding'))
  if (coding === undefined) throw malformed('uncompressed, as its grpc-encoding says')
  return await decompress(framed.message, coding)
}

function malformed(what: string): Refused {
  return new Refused('malformed', 400, `the body is not ${what}`)
}
