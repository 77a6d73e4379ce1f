/** Clients and backends that misbehave for as long as one likes, in front of and behind a real sidecar, and what it costs. */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { ProxySidecar } from './proxy-sidecar.ts'

export interface SoakOptions {
  readonly seconds: number
  /** Connections that are opened and then say nothing. */
  readonly idle: number
  /** Clients of each kind at work at one time. */
  readonly clients: number
  readonly tell: (line: string) => void
}

export interface SoakResult {
  /** What each kind of client has done how often. */
  readonly done: Readonly<Record<string, number>>
  /** Private memory in MB: at rest, with the idle connections, and then over time. */
  readonly restMb: number
  readonly idleMb: number
  readonly samplesMb: readonly number[]
  /** Once all clients have gone. */
  readonly left: { readonly inFlight: number; readonly connections: number; readonly descriptors: number }
  readonly restDescriptors: number
  readonly strange: string
}

const PAUSE_MS = 20
const BIG = Buffer.alloc(256 * 1024, 'x')
/** Loopback addresses to connect from: each has some 28,000 ports. */
const SOURCES = 8
const wait = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

export async function soak({ seconds, idle, clients, tell }: SoakOptions): Promise<SoakResult> {
  await using scope = new AsyncDisposableStack()
  const backend = await startBackend()
  scope.defer(() => backend.close())
  const sidecar = scope.use(
    await ProxySidecar.start({
      listeners: [
        { name: 'front', listen: '127.0.0.1:0', upstream: 'back', tryTimeout: '2s', retry: { attempts: 1 } },
      ],
      upstreams: {
        back: {
          endpoints: [{ address: `127.0.0.1:${backend.port}` }],
          hedging: { delay: '500ms' },
          outlierDetection: { consecutiveErrors: 0 },
        },
      },
    }),
  )
  const port = await sidecar.listens()
  for (let warm = 0; warm < 50; warm++) await KINDS['keeps to the rules']!(port)
  await sidecar.metric('outrigger_')
  await wait(4_000)
  const restMb = memoryMb(sidecar.pid)
  const restDescriptors = descriptors(sidecar.pid)
  tell(`at rest: ${restMb.toFixed(1)} MB private, ${restDescriptors} descriptors`)

  const silent = await openIdle(port, idle)
  scope.defer(() => closeAll(silent))
  const idleMb = memoryMb(sidecar.pid)
  if (idle > 0)
    tell(
      `${idle} idle connections: ${idleMb.toFixed(1)} MB, ${(((idleMb - restMb) * 1024) / idle).toFixed(1)} KB each`,
    )

  const endMs = performance.now() + seconds * 1000
  const done: Record<string, number> = {}
  const workers = Object.entries(KINDS).flatMap(([kind, once]) =>
    Array.from({ length: clients }, async () => {
      while (performance.now() < endMs) {
        await once(port)
        done[kind] = (done[kind] ?? 0) + 1
      }
    }),
  )
  const samplesMb: number[] = []
  const everyMs = Math.max(500, Math.min(5_000, (seconds * 1000) / 20))
  while (performance.now() < endMs) {
    await wait(Math.min(everyMs, Math.max(0, endMs - performance.now())))
    samplesMb.push(memoryMb(sidecar.pid))
    tell(`${samplesMb.at(-1)!.toFixed(1)} MB, ${descriptors(sidecar.pid)} descriptors`)
  }
  await Promise.all(workers)
  await closeAll(silent)
  const left = await settled(sidecar)
  return { done, restMb, idleMb, samplesMb, left, restDescriptors, strange: sidecar.strange }
}

/** The sidecar once nothing is under way any more, or after ten seconds. */
async function settled(sidecar: ProxySidecar): Promise<SoakResult['left']> {
  for (let turn = 0; ; turn++) {
    const left = {
      inFlight: await sidecar.metric('outrigger_proxy_requests_in_flight'),
      connections: await sidecar.metric('outrigger_proxy_connections{'),
      descriptors: descriptors(sidecar.pid),
    }
    if ((left.inFlight === 0 && left.connections === 0) || turn >= 100) return left
    await wait(100)
  }
}

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

/** One visit of each kind of client. */
const KINDS: Readonly<Record<string, (port: number) => Promise<void>>> = {
  'keeps to the rules': port =>
    visit(port, async socket => {
      for (let turn = 0; turn < 10; turn++) {
        socket.write(GET('/small'))
        await once(socket, 'data')
      }
      socket.end()
    }),
  'sends its head byte by byte': port =>
    visit(port, async socket => {
      for (const byte of GET('/small').slice(0, 25)) {
        socket.write(byte)
        await wait(PAUSE_MS)
      }
      socket.destroy()
    }),
  'sends its body slowly and breaks it off': port =>
    visit(port, async socket => {
      socket.write('POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n')
      for (let turn = 0; turn < 10; turn++) {
        socket.write(BIG.subarray(0, 1000))
        await wait(PAUSE_MS)
      }
      socket.resetAndDestroy()
    }),
  'ends its side at once': port =>
    visit(port, async socket => {
      socket.end(GET('/small'))
      socket.resume()
      await once(socket, 'end')
    }),
  'resets in the middle of the answer': port =>
    visit(port, async socket => {
      socket.write(GET('/big'))
      await once(socket, 'data')
      socket.resetAndDestroy()
    }),
  'reads slowly': port =>
    visit(port, async socket => {
      socket.write(GET('/big'))
      await once(socket, 'data')
      socket.pause()
      await wait(5 * PAUSE_MS)
      socket.resume()
      await wait(PAUSE_MS)
      socket.destroy()
    }),
  'meets a backend that resets in the middle of its answer': port =>
    visit(port, async socket => {
      socket.write(GET('/cut'))
      socket.resume()
      await once(socket, 'close')
    }),
  'meets a backend that hangs, and goes away': port =>
    visit(port, async socket => {
      socket.write(GET('/hang'))
      await wait(10 * PAUSE_MS)
      socket.destroy()
    }),
  'talks nonsense': port =>
    visit(port, async socket => {
      socket.write('\x16\x03\x01 nonsense\r\n\r\n')
      socket.resume()
      await once(socket, 'end')
    }),
}

async function visit(port: number, speak: (socket: Socket) => Promise<void>): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  const error = new Promise<void>(resolve => socket.on('error', () => resolve()))
  await Promise.race([once(socket, 'connect'), error])
  // What is waited for may never come on a connection that has ended.
  await Promise.race([speak(socket).catch(() => {}), closed])
  socket.destroy()
  await closed
}

async function startBackend(): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', chunk => {
      const path = /^GET (\S+) /.exec(chunk.toString('latin1'))?.[1]
      if (path === '/small') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsmall')
      else if (path === '/big') {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG.length * 4}\r\n\r\n`)
        for (let turn = 0; turn < 4; turn++) socket.write(BIG)
      } else if (path === '/cut') {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf', () => socket.resetAndDestroy())
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(200, count - sockets.length) }, async (_, at) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (at % SOURCES)}` })
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write(GET('/small'))
      await once(socket, 'data')
      socket.pause()
      return socket
    })
    sockets.push(...(await Promise.all(batch)))
  }
  return sockets
}

async function closeAll(sockets: Socket[]): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy()
}

/** Private memory: what the process alone holds. */
function memoryMb(pid: number): number {
  return Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
