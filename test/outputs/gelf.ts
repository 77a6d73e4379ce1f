import { startFakeGelf } from '../fakes/gelf/server.ts'
import { type Destination, restartable } from './destination.ts'

export const gelf: Destination = {
  kind: 'gelf',
  async start(t) {
    const numbers: number[] = []
    const onMessage = (message: Readonly<Record<string, unknown>>) => {
      numbers.push(message['_n'] as number)
    }
    const { port, peer } = await restartable(t, port => startFakeGelf({ port, onMessage }))
    return {
      options: { url: `tcp://127.0.0.1:${port}`, flushInterval: '50ms' },
      arrived: async () => numbers,
      peer,
    }
  },
}
