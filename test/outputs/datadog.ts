import { datadogRule } from '../fakes/datadog/rule.ts'
import { startFakeHttp } from '../fakes/http/server.ts'
import { type Destination, restartable } from './destination.ts'

export const datadog: Destination = {
  kind: 'datadog',
  async start(t) {
    const numbers: number[] = []
    const onRequest = ({ body }: { body: Buffer }) => {
      for (const { n } of JSON.parse(body.toString()) as { n: number }[]) numbers.push(n)
    }
    const rule = datadogRule('key')
    const { port, peer } = await restartable(t, port =>
      startFakeHttp({ port, rule, success: 202, onRequest }),
    )
    const options = { url: `http://127.0.0.1:${port}`, apiKey: 'key', service: 'shop' }
    return { options, arrived: async () => numbers, peer }
  },
}
