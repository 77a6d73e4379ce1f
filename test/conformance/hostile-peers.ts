import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { Authority } from '../fakes/certificates.ts'

/** Who answers in place of an output's peer. */
export interface HostilePeer {
  readonly what: string
  /** Starts it; `port` is that of the real peer. */
  start(t: TestContext, port: number): Promise<number>
  /** The output speaks TLS, though its peer does not: its URLs are changed. */
  readonly overTls?: true
  /** Whoever acknowledges nothing cannot notice. */
  readonly isOnlySeenInAnswers?: true
}

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  }
  server.on('connection', keep)
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const peer = (
  what: string,
  onConnection: (socket: Socket) => void,
  more: Partial<HostilePeer> = {},
): HostilePeer => ({ what, start: t => listening(t, createServer(onConnection)), ...more })

/** Answers without an end, as fast as they are taken. */
function flood(socket: Socket): void {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', more)
  socket.once('data', more)
}

/** Lets everything through to the real peer, and back only the beginning of its answers. */
function truncating(bytes: number): HostilePeer {
  return {
    what: `a peer whose answers end after ${bytes} bytes`,
    isOnlySeenInAnswers: true,
    start: (t, port) =>
      listening(
        t,
        createServer(socket => {
          const real = connect(port, '127.0.0.1')
          real.on('error', () => socket.destroy())
          socket.pipe(real)
          let left = bytes
          real.on('data', (chunk: Buffer) => {
            socket.write(chunk.subarray(0, left))
            left -= Math.min(left, chunk.length)
            if (left === 0) socket.end(() => socket.destroy())
          })
          real.on('close', () => socket.destroy())
          socket.on('close', () => real.destroy())
        }),
      ),
  }
}

async function withCertificate(t: TestContext, names: readonly string[]): Promise<number> {
  const { cert, key } = new Authority().issue('server', names)
  return listening(
    t,
    createTlsServer({ cert, key }, socket => socket.on('error', () => {}).resume()),
  )
}

export const hostilePeers: readonly HostilePeer[] = [
  peer('a peer that closes every connection', socket => socket.destroy()),
  peer('a peer that resets every connection once it hears something', socket =>
    socket.once('data', () => socket.resetAndDestroy()),
  ),
  peer('a peer that never answers', socket => socket.resume(), { isOnlySeenInAnswers: true }),
  peer('a peer that reads nothing', socket => socket.pause(), { isOnlySeenInAnswers: true }),
  peer('a peer that answers anything', socket => socket.on('data', () => socket.write(randomBytes(500))), {
    isOnlySeenInAnswers: true,
  }),
  peer('a peer whose answer has no end', flood, { isOnlySeenInAnswers: true }),
  truncating(1),
  truncating(12),
  { ...peer('a peer without TLS', socket => socket.end('220 hello\r\n')), overTls: true },
  {
    what: 'a peer whose certificate nobody knows',
    start: t => withCertificate(t, ['localhost', '127.0.0.1']),
    overTls: true,
  },
  { what: 'a peer that wants TLS', start: t => withCertificate(t, ['127.0.0.1']), isOnlySeenInAnswers: true },
]
