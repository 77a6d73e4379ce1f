import { NatsServer } from '../fakes/nats/server.ts'
import { missing } from '../fakes/programs.ts'
import { type Destination, folderOf } from './destination.ts'

const absent = missing('nats-server') || undefined

const stored: Destination = {
  kind: 'nats',
  name: 'nats (JetStream)',
  missing: absent,
  async start(t) {
    const server = await NatsServer.start(t, await folderOf(t))
    await server.api('STREAM.CREATE.LOGS', { name: 'LOGS', subjects: ['logs.>'], storage: 'file' })
    return {
      options: { servers: [`nats://127.0.0.1:${server.port}`] },
      arrived: async () => (await server.messages('LOGS')).map(({ text }) => JSON.parse(text).n),
      peer: server,
    }
  },
}

export const nats: readonly Destination[] = [stored]
