import { startFakeHttp } from '../fakes/http/server.ts'
import type { ExportRequest, Pair } from '../fakes/otlp/messages.ts'
import { otlpRule, readRequest, startFakeOtlpGrpc } from '../fakes/otlp/receiver.ts'
import { type Destination, restartable } from './destination.ts'

/** The `n` of each record: a member of its body, or an attribute. */
function numbersOf({ resourceLogs = [] }: ExportRequest): number[] {
  const records = resourceLogs.flatMap(({ scopeLogs = [] }) =>
    scopeLogs.flatMap(({ logRecords = [] }) => logRecords),
  )
  return records.map(({ body, attributes = [] }) => {
    const list = body?.['kvlistValue'] as { values: Pair[] } | undefined
    const n = [...(list?.values ?? []), ...attributes].find(({ key }) => key === 'n')
    return Number(n?.value?.['intValue'])
  })
}

function byHttp(protocol: 'http/protobuf' | 'http/json'): Destination {
  return {
    kind: 'otlp',
    name: `otlp by ${protocol}`,
    async start(t) {
      const numbers: number[] = []
      const { port, peer } = await restartable(t, port =>
        startFakeHttp({
          port,
          rule: otlpRule(),
          onRequest: request => void numbers.push(...numbersOf(readRequest(request))),
        }),
      )
      return { options: { url: `http://127.0.0.1:${port}`, protocol }, arrived: async () => numbers, peer }
    },
  }
}

const byGrpc: Destination = {
  kind: 'otlp',
  name: 'otlp by gRPC',
  async start(t) {
    const numbers: number[] = []
    const onRequest = (request: ExportRequest) => void numbers.push(...numbersOf(request))
    const { port, peer } = await restartable(t, port => startFakeOtlpGrpc({ port, onRequest }))
    return {
      options: { url: `http://127.0.0.1:${port}`, protocol: 'grpc' },
      arrived: async () => numbers,
      peer,
    }
  },
}

export const otlp: readonly Destination[] = [byHttp('http/protobuf'), byHttp('http/json'), byGrpc]
