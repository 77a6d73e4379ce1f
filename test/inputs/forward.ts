import { once } from 'node:events'
import { connect } from 'node:net'
import { decode, encode } from '@msgpack/msgpack'
import type { Source } from './source.ts'

/** Fluentd's protocol, with the acknowledgement that a sender asks for. */
export const forward: Source = {
  kind: 'forward',
  options: port => ({ listen: `127.0.0.1:${port}` }),
  async send(port, numbers) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      const chunk = `chunk-${numbers[0]}`
      const entries = Buffer.concat(numbers.map(n => Buffer.from(encode([1_700_000_000, { n }]))))
      socket.write(encode(['a', entries, { chunk }]))
      // A connection that ends without an answer is no acknowledgement.
      const ended = new AbortController()
      socket.once('close', () => ended.abort())
      const [answer] = await once(socket, 'data', {
        signal: AbortSignal.any([ended.signal, AbortSignal.timeout(30_000)]),
      })
      return (decode(answer) as { ack?: string }).ack === chunk
    } finally {
      socket.destroy()
    }
  },
}
