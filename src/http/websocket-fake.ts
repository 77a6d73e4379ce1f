import { once } from 'node:events'
import * as http2 from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { websocketAccept } from './websocket.ts'

/** For tests: one frame of RFC 6455. `key`: a client's, whose frames are masked. */
export function websocketFrame(opcode: number, payload: Buffer, key?: Buffer): Buffer {
  const { length } = payload
  const mask = key === undefined ? 0 : 0x80
  const size = length < 126 ? Buffer.from([mask | length]) : Buffer.alloc(length < 65536 ? 3 : 9)
  if (length >= 65536) {
    size[0] = mask | 127
    size.writeBigUInt64BE(BigInt(length), 1)
  } else if (length >= 126) {
    size[0] = mask | 126
    size.writeUInt16BE(length, 1)
  }
  const data = key === undefined ? payload : payload.map((byte, at) => byte ^ key[at % 4]!)
  return Buffer.concat([Buffer.from([0x80 | opcode]), size, key ?? Buffer.alloc(0), data])
}

/** For tests: calls for each frame that comes. */
export function readWebsocketFrames(stream: Duplex, frame: (opcode: number, payload: Buffer) => void): void {
  let held = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    for (;;) {
      if (held.length < 2) return
      const short = held[1]! & 0x7f
      const at = short === 127 ? 10 : short === 126 ? 4 : 2
      if (held.length < at) return
      const length =
        short === 127 ? Number(held.readBigUInt64BE(2)) : short === 126 ? held.readUInt16BE(2) : short
      const masked = (held[1]! & 0x80) !== 0
      const start = at + (masked ? 4 : 0)
      if (held.length < start + length) return
      const key = held.subarray(at, start)
      const payload = Buffer.from(held.subarray(start, start + length))
      if (masked) for (let index = 0; index < length; index++) payload[index]! ^= key[index % 4]!
      const opcode = held[0]! & 0x0f
      held = held.subarray(start + length)
      frame(opcode, payload)
    }
  })
}

/** Says every message again, and agrees to an end. */
export function echoWebsocket(stream: Duplex): void {
  stream.on('error', () => {})
  readWebsocketFrames(stream, (opcode, payload) => {
    stream.write(websocketFrame(opcode, payload))
    if (opcode === 8) stream.end()
  })
}

export interface WebsocketBackend {
  readonly address: string
  /** The head of each request, as text. */
  readonly heads: string[]
  readonly streams: Duplex[]
  close(): void
}

/** For tests: a server of WebSockets over HTTP/1.1. `answer` makes the head from the request's key. */
export async function websocketServer(
  answer = (key: string): string =>
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${websocketAccept(key)}\r\n\r\n`,
): Promise<WebsocketBackend> {
  const heads: string[] = []
  const streams: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    streams.push(socket)
    socket.on('error', () => {})
    socket.once('data', (chunk: Buffer) => {
      const head = chunk.toString('latin1')
      heads.push(head)
      const said = answer(/sec-websocket-key: (\S+)/i.exec(head)?.[1] ?? '')
      socket.write(said)
      if (said.startsWith('HTTP/1.1 101')) echoWebsocket(socket)
      else socket.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    streams,
    close: () => {
      server.close()
      for (const socket of streams) socket.destroy()
    },
  }
}

/** For tests: the same over HTTP/2, by extended CONNECT. */
export async function websocketHttp2Server(enableConnectProtocol = true): Promise<WebsocketBackend> {
  const heads: string[] = []
  const streams: http2.ServerHttp2Stream[] = []
  const sessions = new Set<http2.ServerHttp2Session>()
  const server = http2.createServer({ settings: { enableConnectProtocol } })
  server.on('session', session => sessions.add(session))
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    heads.push(JSON.stringify(headers))
    streams.push(stream)
    stream.on('error', () => {})
    if (headers[':protocol'] !== 'websocket') {
      stream.respond({ ':status': 403 }, { endStream: true })
      return
    }
    stream.respond({ ':status': 200 })
    echoWebsocket(stream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    streams,
    close: () => {
      server.close()
      for (const session of sessions) session.destroy()
    },
  }
}
