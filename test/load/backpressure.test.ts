// Bodies far larger than what the proxy may hold, with a reader that does not read: what is held stays bounded, and
// when the reader goes on everything arrives.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, describe, test } from 'node:test'
import { MeasuredProxy } from './measured.ts'

const MIB = 1024 * 1024
const BODY_BYTES = 100 * MIB
/** Two windows of HTTP/2 and the socket buffers of Node; the kernel's are not ours. */
const MAX_HELD_BYTES = 8 * MIB
// What the collector has not given back yet is in it too; `MAX_HELD_BYTES` is the measure.
const MAX_RSS_BYTES = 90 * MIB

interface Exchange {
  /** What the proxy reads from, and counts as sent. */
  readonly source: { sent: number }
  /** Where it ends: paused until `resume`. */
  readonly sink: Readable
}

function body(counter: { sent: number }): Readable {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  return new Readable({
    read() {
      if (counter.sent >= BODY_BYTES) this.push(null)
      else {
        counter.sent += chunk.length
        this.push(chunk)
      }
    },
  })
}

for (const version of ['HTTP/1.1', 'HTTP/2'] as const)
  describe(`over ${version}, 100 MiB to a reader that waits`, () => {
    const cleanUp: (() => unknown)[] = []
    after(async () => {
      for (const one of cleanUp.reverse()) await one()
    })

    /** A backend that answers GET with the body, and leaves the body of POST alone until it is asked. */
    async function start(): Promise<{
      proxy: MeasuredProxy
      counter: { sent: number }
      posted: Promise<Readable>
    }> {
      const counter = { sent: 0 }
      const posted = Promise.withResolvers<Readable>()
      const sockets = new Set<Socket | http2.ServerHttp2Session>()
      let server: Server
      if (version === 'HTTP/1.1') {
        server = http.createServer((request, response) => {
          if (request.method === 'POST') {
            request.on('end', () => response.end('thanks'))
            posted.resolve(request)
          } else void pipeline(body(counter), response).catch(() => {})
        })
        server.on('connection', socket => sockets.add(socket))
      } else {
        server = http2.createServer()
        server.on('session', (session: http2.ServerHttp2Session) => sockets.add(session))
        server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
          stream.on('error', () => {})
          stream.respond({ ':status': 200 })
          if (headers[':method'] === 'POST') {
            stream.on('end', () => stream.end('thanks'))
            posted.resolve(stream)
          } else void pipeline(body(counter), stream).catch(() => {})
        })
      }
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      cleanUp.push(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
      const proxy = await MeasuredProxy.start(address, version === 'HTTP/1.1' ? 'http1' : 'http2')
      cleanUp.push(() => proxy[Symbol.asyncDispose]())
      return { proxy, counter, posted: posted.promise }
    }

    async function request(
      port: number,
      method: string,
    ): Promise<{ out: Writable; answer: Promise<Readable> }> {
      if (version === 'HTTP/1.1') {
        const out = http.request({ port, host: '127.0.0.1', method })
        out.on('error', () => {})
        return { out, answer: once(out, 'response').then(([response]) => response as Readable) }
      }
      const session = http2.connect(`http://127.0.0.1:${port}`)
      session.on('error', () => {})
      cleanUp.push(() => session.destroy())
      const stream = session.request({ ':method': method, ':path': '/' }, { endStream: method === 'GET' })
      stream.on('error', () => {})
      return { out: stream, answer: once(stream, 'response').then(() => stream) }
    }

    async function isBounded({ source, sink }: Exchange, proxy: MeasuredProxy): Promise<string> {
      const before = await proxy.memory()
      // As long as the sender gets something off, there is room somewhere.
      for (let sent = -1; sent !== source.sent; ) {
        sent = source.sent
        for (let at = 0; at < 8; at++) await proxy.memory()
      }
      const held = await proxy.memory()
      const heldBytes = held.external + held.heapUsed - before.external - before.heapUsed
      const stoppedAt = source.sent
      assert.ok(stoppedAt < BODY_BYTES, 'the sender was held back')
      assert.ok(heldBytes <= MAX_HELD_BYTES, `${heldBytes} bytes are held`)
      let received = 0
      for await (const chunk of sink) received += (chunk as Buffer).length
      assert.equal(received, BODY_BYTES)
      const grown = (await proxy.memory()).rss - before.rss
      assert.ok(grown <= MAX_RSS_BYTES, `the process grew by ${grown} bytes`)
      const told = [heldBytes, stoppedAt, grown].map(bytes => (bytes / MIB).toFixed(1))
      return `${told[0]} MiB held in the proxy, ${told[1]} MiB of 100 sent when it stopped; RSS grew by ${told[2]} MiB`
    }

    test('from the backend', async t => {
      const { proxy, counter } = await start()
      const { out, answer } = await request(proxy.port, 'GET')
      if (version === 'HTTP/1.1') out.end()
      t.diagnostic(await isBounded({ source: counter, sink: await answer }, proxy))
    })

    test('from the client', async t => {
      const { proxy, posted } = await start()
      const { out } = await request(proxy.port, 'POST')
      const source = { sent: 0 }
      const sending = pipeline(body(source), out)
      const sink = await posted
      t.diagnostic(await isBounded({ source, sink }, proxy))
      await sending
    })
  })
