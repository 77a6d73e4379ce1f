import { startFakeElasticsearch } from '../fakes/elasticsearch/server.ts'
import { type Destination, restartable } from './destination.ts'

export const elasticsearch: Destination = {
  kind: 'elasticsearch',
  async start(t) {
    const numbers: number[] = []
    const onDocument = ({ source }: { source: Readonly<Record<string, unknown>> }) => {
      numbers.push(source['n'] as number)
    }
    const { port, peer } = await restartable(t, port => startFakeElasticsearch({ port, onDocument }))
    return { options: { url: `http://127.0.0.1:${port}` }, arrived: async () => numbers, peer }
  },
}
