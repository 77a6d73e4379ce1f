import { startFakeCloudwatch } from '../fakes/cloudwatch/server.ts'
import { type Destination, restartable } from './destination.ts'

export const cloudwatch: Destination = {
  kind: 'cloudwatch',
  async start(t) {
    const numbers: number[] = []
    const onEvent = ({ message }: { message: string }) => {
      numbers.push(JSON.parse(message).n)
    }
    const { port, peer } = await restartable(t, port => startFakeCloudwatch({ port, onEvent }))
    const options = {
      group: 'g',
      region: 'eu-central-1',
      endpoint: `http://127.0.0.1:${port}`,
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'secret',
    }
    return { options, arrived: async () => numbers, peer }
  },
}
