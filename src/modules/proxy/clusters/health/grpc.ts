import type { HttpClient } from '../../../../http/client/client.ts'
import { decodeHealthStatus, encodeHealthCheck } from '../../../../wire/grpc/health.ts'
import type { GrpcCheckConfig } from './config.ts'

const PATH = '/grpc.health.v1.Health/Check'
const MAX_ANSWER_BYTES = 1024
/** UNIMPLEMENTED: the server has no such service. */
const UNIMPLEMENTED = '12'
/** NOT_FOUND: the server does not know the service that was asked for. */
const NOT_FOUND = '5'

/** Asks a gRPC server for the health of a service; undefined when it serves, else one line that says why not. */
export async function askGrpcHealth(
  client: Pick<HttpClient, 'request'>,
  { service, host }: Pick<GrpcCheckConfig, 'service' | 'host'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { status, headers, body } = await client.request({
    method: 'POST',
    path: PATH,
    headers: {
      ...(host !== undefined && { host }),
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'outrigger-health',
    },
    body: Buffer.from(encodeHealthCheck(service)),
    signal,
  })
  const answer = await body.bytes(MAX_ANSWER_BYTES)
  if (status !== 200) return `it answered HTTP status ${status} to gRPC`
  // Without a message the status stands in the head.
  const code = body.trailers?.get('grpc-status') ?? headers.get('grpc-status')
  if (code === UNIMPLEMENTED) return 'it does not offer grpc.health.v1.Health'
  if (code === NOT_FOUND) return `it does not know the service ${service}`
  if (code !== '0') return `it answered gRPC status ${code ?? 'none'}`
  const health = decodeHealthStatus(answer)
  if (health === undefined) return 'it answered something that is no HealthCheckResponse'
  return health === 'SERVING' ? undefined : `it says ${health}`
}
