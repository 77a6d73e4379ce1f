import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface FakeGelfOptions {
  readonly port?: number
  readonly onMessage: (message: Readonly<Record<string, unknown>>) => void
}

export interface FakeGelf {
  readonly port: number
  close(): Promise<void>
}

/** Takes GELF 1.1 by TCP, a NUL behind each message, and refuses what Graylog refuses. */
export async function startFakeGelf({ port = 0, onMessage }: FakeGelfOptions): Promise<FakeGelf> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        onMessage(checked(rest.subarray(0, end)))
        rest = rest.subarray(end + 1)
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The same by UDP: whole datagrams or pieces, compressed or not. */
export async function startFakeGelfUdp({ port = 0, onMessage }: FakeGelfOptions): Promise<FakeGelf> {
  const pieces = new Map<string, Buffer[]>()
  const socket = createSocket('udp4')
  socket.on('message', datagram => {
    const whole = datagram.readUInt16BE(0) === 0x1e0f ? together(pieces, datagram) : datagram
    if (whole !== undefined) onMessage(checked(whole[0] === 0x1f ? gunzipSync(whole) : whole))
  })
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    async close() {
      socket.close()
    },
  }
}

function together(pieces: Map<string, Buffer[]>, datagram: Buffer): Buffer | undefined {
  const id = datagram.toString('hex', 2, 10)
  const [at, count] = [datagram[10], datagram[11]]
  assert.ok(count <= 128 && at < count, `piece ${at} of ${count}`)
  const known = pieces.get(id) ?? []
  known[at] = datagram.subarray(12)
  pieces.set(id, known)
  if (Object.keys(known).length < count) return undefined
  pieces.delete(id)
  return Buffer.concat(known)
}

/** GELF 1.1: the required fields, their types, and the names that further fields may have. */
function checked(text: Buffer): Readonly<Record<string, unknown>> {
  const message = JSON.parse(text.toString()) as Record<string, unknown>
  assert.equal(message['version'], '1.1')
  for (const field of ['host', 'short_message']) {
    assert.equal(typeof message[field], 'string', field)
    assert.notEqual(message[field], '', field)
  }
  for (const [field, value] of Object.entries(message)) {
    if (['version', 'host', 'short_message', 'full_message'].includes(field)) continue
    if (field === 'timestamp' || field === 'level') assert.equal(typeof value, 'number', field)
    else {
      assert.match(field, /^_[\w.-]*$/)
      assert.notEqual(field, '_id')
      assert.ok(['string', 'number'].includes(typeof value), `${field} is ${JSON.stringify(value)}`)
    }
  }
  return message
}
