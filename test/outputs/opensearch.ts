import { startFakeElasticsearch } from '../fakes/elasticsearch/server.ts'
import { type Destination, restartable } from './destination.ts'

const aws = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'eu-central-1', service: 'es' }

/** Signed, and with indices that records name. */
export const opensearch: Destination = {
  kind: 'opensearch',
  async start(t) {
    const numbers: number[] = []
    const onDocument = ({ source }: { source: Readonly<Record<string, unknown>> }) => {
      numbers.push(source['n'] as number)
    }
    const { port, peer } = await restartable(t, port => startFakeElasticsearch({ port, onDocument, aws }))
    const options = { url: `http://127.0.0.1:${port}`, index: 'logs-{$tag}-%Y', ids: 'position', aws }
    return { options, arrived: async () => numbers, peer }
  },
}
