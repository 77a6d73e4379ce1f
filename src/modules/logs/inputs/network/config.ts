import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { serverTls } from '../../../../kernel/server-tls/config.ts'

/** Where connections come from and how much they may bring: the options of every input on streams. */
export function streamFields(listen: string) {
  return {
    listen: s.address({
      about:
        'The address to listen on, or the path of a Unix socket. Senders on other machines need one that is not loopback, and then `tls`.',
      default: listen,
    }),
    ...connectionFields,
    tls: serverTls('Speaks TLS.'),
  } as const
}

export const connectionFields = {
  maxConnections: s.integer({
    about: 'Connections at one time; above it new ones are closed at once.',
    default: 256,
    min: 1,
    max: 65_536,
  }),
  timeout: s.duration({
    about: 'How long a message may take from its first byte to its last; then the connection is closed.',
    default: '30s',
    min: '100ms',
  }),
  idleTimeout: s.duration({
    about:
      'How long nothing may come before a connection is closed. Without it never: a sender that is not told of safe records loses what it sends into a closed connection. Dead ones are found by keep-alive.',
    optional: true,
    min: '1s',
  }),
} as const

/** How large one message may be. */
export function maxMessage(about: string, limit = '1MiB') {
  return s.size({ about, default: limit, min: '1KiB', max: '16MiB' })
}

/** The mode of a Unix socket. */
export const socketMode = s.string({
  about: 'Who may send to the Unix socket, as the mode of its file: 666 is everybody.',
  default: '660',
  pattern: /^0?[0-7]{3}$/,
  expected: 'a file mode such as 660',
})

const streamConfig = s.object(streamFields('127.0.0.1:0'), { about: 'An input on streams.' })
export type StreamConfig = Infer<typeof streamConfig>
