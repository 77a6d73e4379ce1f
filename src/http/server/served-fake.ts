import assert from 'node:assert/strict'
import type { Server } from 'node:net'
import { afterEach, beforeEach } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { listen, RawPeer, turns } from '../raw-peer-fake.ts'
import { createHttpServer, type Handler, type HttpServer, type HttpServerOptions } from './server.ts'

export const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

export function post(lines: string, body = ''): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`
}

/** What a test has to do with: its own server, clock and handler, and what the server told. */
export interface Served {
  clock: FakeClock
  /** Answers `hello` unless the test puts another. */
  handler: Handler
  errors: unknown[]
  /** The reasons of what was refused. */
  rejected: string[]
  server: HttpServer
  port: number
  /** In place of the server that is there: one with these options. */
  start(options?: Partial<HttpServerOptions>): Promise<void>
  peer(): Promise<RawPeer>
  /** What the server answers, from the first byte to its end. */
  answers(text: string): Promise<string>
}

/** For tests: a server for each test of a file, which after it must have let go of all connections and timers. */
export function servedEachTest(): Served {
  const peers: RawPeer[] = []
  let listener: Server | undefined
  const served = { start, peer, answers } as Served

  async function start(options: Partial<HttpServerOptions> = {}): Promise<void> {
    served.server?.close()
    listener?.close()
    served.server = createHttpServer({
      clock: served.clock,
      handler: (request, response) => served.handler(request, response),
      onError: error => served.errors.push(error),
      onRejected: error => served.rejected.push(error.reason),
      ...options,
    })
    ;({ server: listener, port: served.port } = await listen(served.server.accept))
  }

  async function peer(): Promise<RawPeer> {
    const one = await RawPeer.connect(served.port)
    peers.push(one)
    return one
  }

  async function answers(text: string): Promise<string> {
    const one = await peer()
    one.say(text)
    const heard = await one.end()
    one.socket.end()
    return heard
  }

  beforeEach(async () => {
    served.clock = new FakeClock()
    served.errors = []
    served.rejected = []
    served.handler = (_request, response) => response.send(200, { 'Content-Type': 'text/plain' }, 'hello')
    await start()
  })

  afterEach(async () => {
    served.server.close()
    listener?.close()
    for (const one of peers.splice(0)) {
      one.socket.destroy()
      await one.gone()
    }
    await turns()
    assert.equal(served.server.connections, 0, 'every connection is let go')
    assert.equal(served.clock.pending, 0, 'no timer is left')
  })

  return served
}
