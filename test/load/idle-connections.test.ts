import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { ByteWriter } from '../../src/wire/http2/byte-writer.ts'
import { Flag, FrameType, PREFACE } from '../../src/wire/http2/frame.ts'
import { writeFrameHead, writeSettingsAck } from '../../src/wire/http2/frame-encoder.ts'
import { HpackEncoder } from '../../src/wire/http2/hpack-encoder.ts'
import { MeasuredProxy } from './measured.ts'

const CONNECTIONS = 5000
const MAX_BYTES = 10_000

/** A connection that has carried one request and waits for the next. */
async function idle(port: number, request: Buffer | string, answered: RegExp): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let heard = ''
  socket.write(request)
  while (!answered.test(heard)) heard += ((await once(socket, 'data'))[0] as Buffer).toString('latin1')
  return socket
}

function http2Request(): Buffer {
  const out = new ByteWriter(Buffer.alloc(256))
  out.at = out.bytes.write(PREFACE, 'latin1')
  writeFrameHead(out, 0, FrameType.SETTINGS, 0, 0)
  writeSettingsAck(out)
  const block = new ByteWriter(Buffer.alloc(128))
  const encoder = new HpackEncoder()
  encoder.begin(block)
  for (const [name, value] of [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'a'],
    [':path', '/'],
  ] as const)
    encoder.field(block, name, value)
  writeFrameHead(out, block.at, FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1)
  out.ensure(block.at)
  out.at += block.bytes.copy(out.bytes, out.at, 0, block.at)
  return out.bytes.subarray(0, out.at)
}

for (const [version, request, answered] of [
  ['HTTP/1.1', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', /ok$/],
  ['HTTP/2', http2Request(), /ok/],
] as const)
  test(`an idle connection of ${version} costs the proxy at most ${MAX_BYTES / 1000} KB`, async t => {
    const sockets: Socket[] = []
    const backend = createServer(socket => {
      sockets.push(socket)
      socket.on('error', () => {})
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    })
    backend.listen(0, '127.0.0.1')
    await once(backend, 'listening')
    await using proxy = await MeasuredProxy.start(
      `127.0.0.1:${(backend.address() as AddressInfo).port}`,
      'http1',
    )
    try {
      const open = async (count: number): Promise<void> => {
        for (let at = 0; at < count; at += 50)
          sockets.push(
            ...(await Promise.all(Array.from({ length: 50 }, () => idle(proxy.port, request, answered)))),
          )
      }
      await open(500)
      const before = await proxy.memory()
      await open(CONNECTIONS)
      const after = await proxy.memory()
      assert.equal(after.connections - before.connections, CONNECTIONS)
      const each = (key: 'rss' | 'heapUsed'): number => (after[key] - before[key]) / CONNECTIONS
      t.diagnostic(
        `${version}: ${each('rss').toFixed(0)} bytes of RSS a connection, ${each('heapUsed').toFixed(0)} of them on the heap`,
      )
      assert.ok(each('rss') <= MAX_BYTES, `${each('rss').toFixed(0)} bytes`)
    } finally {
      for (const socket of sockets) socket.destroy()
      backend.close()
    }
  })
