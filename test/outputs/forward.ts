import { FluentServer } from '@fluent-org/logger'
import { type Destination, restartable } from './destination.ts'

const sharedKey = 'k3y'

/** The receiver of the people of Fluentd; it acknowledges, and asks who sends. */
class Receiver extends FluentServer {
  readonly #onRecord: (n: number) => void

  constructor(port: number, onRecord: (n: number) => void) {
    super({
      listenOptions: { port, host: '127.0.0.1' },
      security: { serverHostname: 'receiver', sharedKey, authorize: false, userDict: {} },
    })
    this.#onRecord = onRecord
  }

  protected override onEntry(_tag: unknown, _time: unknown, record: Record<string, unknown>): void {
    this.#onRecord(Number(record['n']))
  }
}

function destination(compress: string): Destination {
  return {
    kind: 'forward',
    name: `forward (${compress})`,
    async start(t) {
      const numbers: number[] = []
      const { port, peer } = await restartable(t, async wanted => {
        const server = new Receiver(wanted, n => void numbers.push(n))
        await server.listen()
        return { port: server.port ?? 0, close: () => server.close() }
      })
      const options = {
        servers: [{ address: `127.0.0.1:${port}` }],
        auth: { sharedKey, hostname: 'sender' },
        timeout: '5s',
        compress,
        flushInterval: '10ms',
      }
      return { options, arrived: async () => numbers, peer }
    },
  }
}

export const forward = destination('none')
export const forwardGzip = destination('gzip')
