import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type StatusObject,
  type sendUnaryData,
} from '@grpc/grpc-js'
import type { ReceivedRequest, Rule } from '../http/server.ts'
import { decodeRequest, type ExportRequest, encode, readJsonRequest } from './messages.ts'

/** The rules of OTLP/HTTP for logs (OTLP specification); `token`: who may come in. */
export function otlpRule(token?: string): Rule {
  return ({ method, path, headers, body }) => {
    if (path !== '/v1/logs') return { status: 404 }
    if (method !== 'POST') return { status: 405 }
    if (token !== undefined && headers.authorization !== `Bearer ${token}`) return { status: 401 }
    const type = headers['content-type']
    if (type !== 'application/x-protobuf' && type !== 'application/json') return { status: 415 }
    try {
      readRequest({ headers, body })
      return undefined
    } catch (error) {
      const message = String(error)
      return {
        status: 400,
        body:
          type === 'application/json'
            ? JSON.stringify({ code: 3, message })
            : encode('Status', { code: 3, message }).toString('latin1'),
      }
    }
  }
}

export function readRequest({ headers, body }: Pick<ReceivedRequest, 'headers' | 'body'>): ExportRequest {
  return headers['content-type'] === 'application/json'
    ? readJsonRequest(body.toString())
    : decodeRequest(body)
}

export interface FakeGrpcOptions {
  readonly port?: number
  /** Called for what is taken, before the answer. */
  readonly onRequest?: (request: ExportRequest, metadata: Metadata) => void
  /** What is answered instead of a plain success: a failure, or a response. */
  readonly answer?: (request: ExportRequest, metadata: Metadata) => Partial<StatusObject> | Buffer | undefined
}

export interface FakeGrpc {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** A receiver of OTLP/gRPC for logs. */
export async function startFakeOtlpGrpc(options: FakeGrpcOptions = {}): Promise<FakeGrpc> {
  const server = new Server()
  const same = (bytes: Buffer) => bytes
  const handle = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
    let request: ExportRequest
    try {
      request = decodeRequest(call.request)
    } catch (error) {
      done({ code: 3, details: String(error) })
      return
    }
    const answer = options.answer?.(request, call.metadata)
    if (answer !== undefined && !Buffer.isBuffer(answer)) {
      done(answer)
      return
    }
    options.onRequest?.(request, call.metadata)
    done(null, answer ?? Buffer.alloc(0))
  }
  const method = {
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const
  server.addService({ Export: method }, { Export: handle })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: async () => server.forceShutdown(),
  }
}
