/**
 * CPU per request of the HTTP engine's HTTP/2 server beside node:http2's: hello world, h2load with 4 connections of 16
 * streams, each server in a process of its own. Needs h2load (Debian: nghttp2-client).
 * Usage: node bench/http2.ts [requests a round, default 200000]
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'

const ROUNDS = 3
const BODY = 'hello world\n'
const KINDS = ['outrigger', 'node:http2'] as const
type Kind = (typeof KINDS)[number]

/** In the child: serves, and tells its CPU time when asked. */
async function serve(kind: Kind): Promise<void> {
  const server = await makeServer(kind)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send!(user + system)
  })
  process.send!((server.address() as AddressInfo).port)
}

async function makeServer(kind: Kind): Promise<Server> {
  const headers = { 'content-type': 'text/plain' }
  if (kind === 'node:http2') {
    const http2 = await import('node:http2')
    const server = http2.createServer()
    server.on('stream', (stream: import('node:http2').ServerHttp2Stream) => {
      stream.respond({ ':status': 200, ...headers, 'content-length': BODY.length })
      stream.end(BODY)
    })
    return server
  }
  const { createHttpServer } = await import('../src/http/server/server.ts')
  const { systemClock } = await import('../src/kernel/clock/system.ts')
  const { accept } = createHttpServer({
    clock: systemClock(),
    handler: (_request, response) => response.send(200, headers, BODY),
  })
  return createServer(accept)
}

function load(port: number, requests: number): number {
  const url = `http://127.0.0.1:${port}/hello`
  const output = execFileSync('h2load', ['-n', String(requests), '-c', '4', '-m', '16', url], {
    encoding: 'utf8',
  })
  if (!output.includes(`${requests} succeeded`)) throw new Error(output)
  return Number(/([0-9.]+) req\/s/.exec(output)![1])
}

async function usage(child: ChildProcess): Promise<number> {
  child.send('usage')
  const [micros] = await once(child, 'message')
  return micros as number
}

const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

async function compare(requests: number): Promise<void> {
  const rows = new Map<Kind, { micros: number[]; perSecond: number[] }>()
  const children = await Promise.all(
    KINDS.map(async kind => {
      const child = fork(fileURLToPath(import.meta.url), ['--serve', kind], { stdio: 'inherit' })
      const [port] = await once(child, 'message')
      rows.set(kind, { micros: [], perSecond: [] })
      return { kind, child, port: port as number }
    }),
  )
  try {
    for (const { port } of children) load(port, requests / 4)
    for (let round = 0; round < ROUNDS; round++)
      for (const { kind, child, port } of children) {
        const before = await usage(child)
        rows.get(kind)!.perSecond.push(load(port, requests))
        rows.get(kind)!.micros.push(((await usage(child)) - before) / requests)
      }
  } finally {
    for (const { child } of children) child.kill()
  }
  console.table(
    Object.fromEntries(
      [...rows].map(([kind, { micros, perSecond }]) => [
        kind,
        { 'CPU µs per request': middle(micros).toFixed(1), 'requests/s': Math.round(middle(perSecond)) },
      ]),
    ),
  )
}

if (process.argv[2] === '--serve') await serve(process.argv[3] as Kind)
else await compare(Number(process.argv[2] ?? 200_000))
