import { startFakeLoki } from '../fakes/loki/server.ts'
import { type Destination, restartable } from './destination.ts'

export const loki: Destination = {
  kind: 'loki',
  async start(t) {
    const numbers: number[] = []
    const onLine = (line: string) => {
      numbers.push(JSON.parse(line).n)
    }
    const { port, peer } = await restartable(t, port => startFakeLoki({ port, onLine }))
    return { options: { url: `http://127.0.0.1:${port}` }, arrived: async () => numbers, peer }
  },
}
