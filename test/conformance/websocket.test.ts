// The `ws` library on both ends of the proxy.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { type FakeProxy, startProxy } from '../../src/modules/proxy/proxy-fake.ts'

describe('WebSockets of ws', () => {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: true,
    handleProtocols: offered => [...offered].at(-1) ?? false,
  })
  const closes: string[] = []
  let proxy: FakeProxy

  before(async () => {
    server.on('connection', (socket, request) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
      socket.on('close', (code, reason) => {
        closes.push(`${request.url} ${code} ${reason}`)
        server.emit('left')
      })
      if (request.url === '/ends') socket.close(4001, 'enough')
    })
    if (server.address() === null) await once(server, 'listening')
    proxy = await startProxy([`127.0.0.1:${(server.address() as AddressInfo).port}`])
  })
  after(async () => {
    for (const socket of server.clients) socket.terminate()
    server.close()
    await proxy[Symbol.asyncDispose]()
  })

  const opened = async (path: string, protocols: string[] = [], options = {}) => {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}${path}`, protocols, options)
    await once(socket, 'open')
    return socket
  }

  test('messages come back as they were sent: text, binary, empty, large, compressed', async () => {
    const socket = await opened('/echo', [], { perMessageDeflate: { threshold: 10 } })
    const messages: [string | Buffer, boolean][] = [
      ['café', false],
      ['', false],
      [Buffer.from([0, 255, 10, 13]), true],
      [Buffer.alloc(3_000_000, 'x'), true],
      ['y'.repeat(100_000), false],
    ]
    for (const [sent, binary] of messages) {
      socket.send(sent)
      const [heard, isBinary] = await once(socket, 'message')
      assert.equal(isBinary, binary)
      assert.ok(Buffer.from(sent as string).equals(heard as Buffer))
    }
    assert.match(socket.extensions, /permessage-deflate/)
    socket.close()
    await once(socket, 'close')
  })

  test('a ping is answered by the other end, and the subprotocol is the one it chose', async () => {
    const socket = await opened('/echo', ['one', 'two'])
    assert.equal(socket.protocol, 'two')
    socket.ping('are you there')
    const [answer] = await once(socket, 'pong')
    assert.equal(String(answer), 'are you there')
    socket.terminate()
  })

  test('a close keeps its code and reason, from either side', async () => {
    const byServer = new WebSocket(`ws://127.0.0.1:${proxy.port}/ends`)
    const [code, reason] = await once(byServer, 'close')
    assert.deepEqual([code, String(reason)], [4001, 'enough'])
    const byClient = await opened('/leaves')
    byClient.close(4002, 'goodbye')
    await once(byClient, 'close')
    while (!closes.includes('/leaves 4002 goodbye')) await once(server, 'left')
  })

  test('a server that is none answers with its status', async () => {
    await using nowhere = await startProxy(['127.0.0.1:1'])
    const socket = new WebSocket(`ws://127.0.0.1:${nowhere.port}/`)
    const [, response] = await once(socket, 'unexpected-response')
    assert.equal(response.statusCode, 502)
    assert.equal(response.headers['outrigger-error'], 'upstream_connect_failed')
    response.destroy()
  })
})
