import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Authority } from '../../../test/fakes/certificates.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { createHttpClient } from './client.ts'
import type { ForwardProxy } from './tunnel.ts'

const authority = new Authority()
const identity = authority.issue('server', ['localhost'])

async function listening(t: TestContext, server: Server | ReturnType<typeof createServer>): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A server that gives back what it was sent. */
function origin(t: TestContext): Promise<number> {
  return listening(
    t,
    createHttpsServer(identity, (request, response) => request.pipe(response)),
  )
}

/** A proxy that lets pass who has the right credentials, and says where they wanted to go. */
async function proxy(t: TestContext, expected?: string) {
  const asked: string[] = []
  const server = createHttpServer()
  server.on('connect', (request, socket: Socket, head) => {
    asked.push(request.url!)
    socket.on('error', () => {})
    if (request.headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const there = connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\nVia: a proxy\r\n\r\n')
      there.write(head)
      there.pipe(socket).pipe(there)
    })
    there.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
  })
  return { asked, port: await listening(t, server) }
}

async function post(port: number, forward: ForwardProxy, body: Buffer, times = 1): Promise<Buffer> {
  const client = createHttpClient({
    origin: new URL(`https://localhost:${port}`),
    clock: systemClock(),
    tls: { ca: authority.cert },
    proxy: forward,
  })
  try {
    let answer: Buffer = Buffer.alloc(0)
    for (let n = 0; n < times; n++) {
      const response = await client.request({ method: 'POST', path: '/', body, timeoutMs: 20_000 })
      answer = await response.body.bytes(1 << 30)
    }
    return answer
  } finally {
    client.close()
  }
}

test('a server is reached through a proxy, which sees where to and nothing else', async t => {
  const [port, there] = [await origin(t), await proxy(t)]
  const body = Buffer.from('hello')
  assert.deepEqual(await post(port, { host: '127.0.0.1', port: there.port }, body, 3), body)
  assert.deepEqual(there.asked, [`localhost:${port}`])
})

test('much of it goes through in both directions', async t => {
  const [port, there] = [await origin(t), await proxy(t)]
  const body = Buffer.alloc(20 << 20, 'x')
  assert.ok((await post(port, { host: '127.0.0.1', port: there.port }, body)).equals(body))
})

test('credentials are shown to the proxy, and not in what it refuses', async t => {
  const [port, there] = [await origin(t), await proxy(t, 'Basic right')]
  const given = { host: '127.0.0.1', port: there.port }
  const body = Buffer.from('hello')
  assert.deepEqual(await post(port, { ...given, authorization: 'Basic right' }, body), body)
  for (const authorization of [undefined, 'Basic wrong'])
    await assert.rejects(post(port, { ...given, ...(authorization && { authorization }) }, body), {
      code: 'connect_failed',
      message: `no connection to localhost:${port}: the proxy 127.0.0.1:${there.port} answered 407 Proxy Authentication Required`,
    })
})

for (const [what, answer, words] of [
  ['speaks another protocol', 'SSH-2.0-OpenSSH\r\n\r\n', 'did not answer as an HTTP proxy does'],
  ['closes at once', '', 'closed the connection'],
  ['closes in the middle of its answer', 'HTTP/1.1 200 OK\r\nVia', 'closed the connection'],
  ['answers without end', 'x'.repeat(100_000), 'sent no answer that ends'],
  ['cannot reach the server', 'HTTP/1.1 502 Bad Gateway\r\n\r\n', 'answered 502 Bad Gateway'],
] as const)
  test(`a proxy that ${what} is told of`, async t => {
    const port = await listening(
      t,
      createServer(socket => void socket.on('error', () => {}).once('data', () => socket.end(answer))),
    )
    await assert.rejects(post(1, { host: '127.0.0.1', port }, Buffer.alloc(0)), {
      message: `no connection to localhost:1: the proxy 127.0.0.1:${port} ${words}`,
    })
  })

test('a proxy that is not there is told apart from a server that is not there', async t => {
  const server = createServer()
  const port = await listening(t, server)
  await new Promise(resolve => server.close(resolve))
  await assert.rejects(post(1, { host: '127.0.0.1', port }, Buffer.alloc(0)), {
    message: `no connection to localhost:1: the proxy 127.0.0.1:${port} refused the connection`,
  })
})

test('the certificate is that of the server, whatever the proxy says', async t => {
  const impostor = new Authority('another').issue('server', ['localhost'])
  const [port, there] = [await listening(t, createHttpsServer(impostor)), await proxy(t)]
  await assert.rejects(post(port, { host: '127.0.0.1', port: there.port }, Buffer.alloc(0)), {
    code: 'tls_failed',
  })
})
