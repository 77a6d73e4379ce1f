import { S3Store, startFakeS3 } from '../fakes/s3/server.ts'
import { type Destination, restartable } from './destination.ts'

export const s3: Destination = {
  kind: 's3',
  async start(t) {
    const store = new S3Store()
    let lines = () => [] as string[]
    const { port, peer } = await restartable(t, async port => {
      const fake = await startFakeS3({ port, store })
      lines = fake.lines
      return fake
    })
    const options = {
      bucket: 'logs',
      endpoint: `http://127.0.0.1:${port}`,
      region: 'eu-central-1',
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'secret',
      objectAge: '1s',
      objectSize: '1MiB',
      compress: 'gzip',
    }
    return { options, arrived: async () => lines().map(line => JSON.parse(line).n), peer }
  },
}
