import { gzipSync } from 'node:zlib'
import { createHttpClient } from '../../src/http/client/client.ts'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { frameMessage } from '../../src/wire/grpc/message.ts'
import { encodeRequest } from '../../src/wire/otlp/logs/request-fake.ts'
import { EXPORT_METHOD } from '../../src/wire/otlp/logs/service.ts'
import type { Source } from './source.ts'

const lines = (numbers: readonly number[]) => numbers.map(n => JSON.stringify({ n })).join('\n')

async function post(
  port: number,
  path: string,
  body: string | Buffer<ArrayBuffer>,
  headers: Record<string, string>,
) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers })
  return { status: answer.status, body: await answer.text() }
}

function otlpRequest(numbers: readonly number[]): Buffer<ArrayBuffer> {
  const logRecords = numbers.map(n => ({
    body: { kvlistValue: { values: [{ key: 'n', value: { intValue: String(n) } }] } },
  }))
  return encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
}

const http: Source = {
  kind: 'http',
  options: port => ({ listen: `127.0.0.1:${port}`, auth: { tokens: ['secret'] } }),
  async send(port, numbers) {
    const headers = {
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
      authorization: 'Bearer secret',
    }
    return (await post(port, '/app', gzipSync(lines(numbers)), headers)).status === 201
  },
}

const otlp: Source = {
  kind: 'otlp',
  options: port => ({ listen: `127.0.0.1:${port}` }),
  async send(port, numbers) {
    const { status, body } = await post(port, '/v1/logs', otlpRequest(numbers), {
      'content-type': 'application/x-protobuf',
    })
    return status === 200 && body === ''
  },
}

const grpc: Source = {
  kind: 'otlp',
  name: 'otlp by gRPC',
  options: otlp.options,
  async send(port, numbers) {
    const client = createHttpClient({
      origin: new URL(`http://127.0.0.1:${port}`),
      clock: systemClock(),
      protocol: 'http2',
    })
    try {
      const headers = { 'content-type': 'application/grpc', te: 'trailers' }
      const body = frameMessage(otlpRequest(numbers))
      const answer = await client.request({
        method: 'POST',
        path: EXPORT_METHOD,
        headers,
        body,
        timeoutMs: 30_000,
      })
      await answer.body.bytes(1 << 16)
      return answer.body.trailers?.get('grpc-status') === '0'
    } finally {
      client.close()
    }
  },
}

const elasticsearch: Source = {
  kind: 'elasticsearch',
  options: port => ({ listen: `127.0.0.1:${port}` }),
  async send(port, numbers) {
    const body = numbers.map(n => `{"create":{}}\n${JSON.stringify({ n })}\n`).join('')
    const answer = await post(port, '/logs/_bulk', body, { 'content-type': 'application/x-ndjson' })
    return answer.status === 200 && JSON.parse(answer.body).errors === false
  },
}

const splunk: Source = {
  kind: 'splunk',
  options: port => ({ listen: `127.0.0.1:${port}`, tokens: ['secret'] }),
  async send(port, numbers) {
    const body = numbers.map(n => JSON.stringify({ event: { n } })).join('')
    return (await post(port, '/services/collector', body, { authorization: 'Splunk secret' })).status === 200
  },
}

export const httpInputs: readonly Source[] = [http, otlp, grpc, elasticsearch, splunk]
