import { startFakeHttp } from '../fakes/http/server.ts'
import { type Destination, numbersOf, restartable } from './destination.ts'

export const http: Destination = {
  kind: 'http',
  async start(t) {
    const numbers: number[] = []
    const onRequest = ({ body }: { body: Buffer }) => {
      numbers.push(...numbersOf(body.toString()))
    }
    const { port, peer } = await restartable(t, port => startFakeHttp({ port, onRequest }))
    const options = { url: `http://127.0.0.1:${port}/in`, format: 'json_lines', compress: 'zstd' }
    return { options, arrived: async () => numbers, peer }
  },
}
