import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { type Destination, numbersOf, restartable } from './destination.ts'

export const tcp: Destination = {
  kind: 'tcp',
  async start(t) {
    const numbers: number[] = []
    const { port, peer } = await restartable(t, port =>
      listen(port, line => numbers.push(...numbersOf(line))),
    )
    const options = { url: `tcp://127.0.0.1:${port}`, flushInterval: '10ms' }
    return { options, arrived: async () => numbers, peer }
  },
}

/** Reads connections line by line, and says nothing. */
async function listen(port: number, onLine: (line: string) => void) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    let rest = ''
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', chunk => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(onLine)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.resetAndDestroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
