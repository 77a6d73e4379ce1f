/**
 * CPU per request of the HTTP engine's server beside node:http's: hello world, keep-alive connections, each server in
 * a process of its own, one load generator on raw sockets. Usage: node bench/http.ts [seconds a round, default 3]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const CONNECTIONS = 32
const ROUNDS = 3
const BODY = 'hello world\n'
const REQUEST = Buffer.from(
  'GET /hello?a=b HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n',
)

const KINDS = ['bare sockets', 'outrigger', 'node:http'] as const
type Kind = (typeof KINDS)[number]

interface Usage {
  readonly cpuMicros: number
  readonly rssBytes: number
}

/** In the child: serves, and tells its CPU time when asked. */
async function serve(kind: Kind): Promise<void> {
  const server = await makeServer(kind)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send!({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss() } satisfies Usage)
  })
  process.send!((server.address() as AddressInfo).port)
}

async function makeServer(kind: Kind) {
  const headers = { 'Content-Type': 'text/plain' }
  if (kind === 'node:http') {
    const { createServer: createNodeServer } = await import('node:http')
    return createNodeServer((_request, response) => {
      response.writeHead(200, { ...headers, 'Content-Length': BODY.length })
      response.end(BODY)
    })
  }
  if (kind === 'bare sockets') {
    // The floor: no parsing, one read and one write a request.
    const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`
    return createServer(socket => {
      socket.setNoDelay(true)
      socket.on('data', () => socket.write(answer, 'latin1'))
      socket.on('error', () => {})
    })
  }
  const { createHttpServer } = await import('../src/http/server/server.ts')
  const { systemClock } = await import('../src/kernel/clock/system.ts')
  const { accept } = createHttpServer({
    clock: systemClock(),
    handler: (_request, response) => response.send(200, headers, BODY),
  })
  return createServer(accept)
}

/** One request after another on each connection for `ms`; returns how many were answered. */
async function load(port: number, ms: number): Promise<number> {
  let answered = 0
  const untilMs = performance.now() + ms
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      socket.on('data', (chunk: Buffer) => {
        // The answer is small: it comes whole, and ends with the body.
        if (chunk[chunk.length - 1] !== 10) return
        answered++
        if (performance.now() < untilMs) socket.write(REQUEST)
        else socket.destroy()
      })
      socket.write(REQUEST)
      await once(socket, 'close')
    }),
  )
  return answered
}

async function usage(child: ChildProcess): Promise<Usage> {
  child.send('usage')
  const [message] = await once(child, 'message')
  return message as Usage
}

async function compare(seconds: number): Promise<void> {
  const servers = await Promise.all(
    KINDS.map(async kind => {
      const child = fork(fileURLToPath(import.meta.url), ['--serve', kind], { stdio: 'inherit' })
      const [port] = await once(child, 'message')
      await load(port as number, 1000)
      return {
        kind,
        child,
        port: port as number,
        micros: [] as number[],
        perSecond: [] as number[],
        rssBytes: 0,
      }
    }),
  )
  try {
    for (let round = 0; round < ROUNDS; round++)
      for (const server of servers) {
        const before = await usage(server.child)
        const answered = await load(server.port, seconds * 1000)
        const after = await usage(server.child)
        server.micros.push((after.cpuMicros - before.cpuMicros) / answered)
        server.perSecond.push(answered / seconds)
        server.rssBytes = after.rssBytes
      }
  } finally {
    for (const { child } of servers) child.kill()
  }
  const best = (values: number[]): number => Math.min(...values)
  const ours = best(servers.find(({ kind }) => kind === 'outrigger')!.micros)
  console.log(
    `hello world, ${CONNECTIONS} keep-alive connections, best of ${ROUNDS} rounds of ${seconds} s\n`,
  )
  console.log('server         CPU µs/request   of outrigger   requests/s   RSS MB')
  for (const { kind, micros, perSecond, rssBytes } of servers)
    console.log(
      [
        kind.padEnd(13),
        best(micros).toFixed(1).padStart(15),
        `${(best(micros) / ours).toFixed(2)} ×`.padStart(14),
        Math.round(Math.max(...perSecond))
          .toString()
          .padStart(12),
        Math.round(rssBytes / 2 ** 20)
          .toString()
          .padStart(8),
      ].join(' '),
    )
}

const [mode, argument] = process.argv.slice(2)
if (mode === '--serve') await serve(argument as Kind)
else await compare(Number(mode ?? 3))
