import assert from 'node:assert/strict'
import type { Server, Socket } from 'node:net'
import { afterEach, beforeEach } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { listen, RawPeer, turns } from '../raw-peer-fake.ts'
import { createHttpClient, type HttpClient, type HttpClientOptions } from './client.ts'
import type { HttpClientErrorCode } from './error.ts'
import type { ClientRequest } from './request.ts'
import type { ClientResponse } from './response.ts'

export const GET: ClientRequest = { method: 'GET', path: '/' }
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** What a test has to do with: its own client and clock, and a server by hand that the client asks. */
export interface Asking {
  clock: FakeClock
  client: HttpClient
  listener: Server
  port: number
  /** The server's ends of the connections, in the order in which they were made. */
  peers: RawPeer[]
  /** In place of the client that is there: one with these options. */
  open(options?: Partial<HttpClientOptions>): HttpClient
  nthPeer(index: number): Promise<RawPeer>
  /** A request, and what the server heard of it. */
  ask(request: ClientRequest, answer?: string, index?: number): Promise<Asked>
}

export interface Asked {
  readonly heard: string
  readonly peer: RawPeer
  readonly response: Promise<ClientResponse>
}

/** For tests: a client for each test of a file, which after it must have let go of all connections and timers. */
export function askingEachTest(): Asking {
  const asking = { open, nthPeer, ask } as Asking
  let arrived: (() => void) | undefined

  function open(options: Partial<HttpClientOptions> = {}): HttpClient {
    asking.client?.close()
    const { clock, port } = asking
    asking.client = createHttpClient({ origin: new URL(`http://127.0.0.1:${port}`), clock, ...options })
    return asking.client
  }

  async function nthPeer(index: number): Promise<RawPeer> {
    while (asking.peers[index] === undefined)
      await new Promise<void>(resolve => {
        arrived = resolve
      })
    return asking.peers[index]
  }

  async function ask(request: ClientRequest, answer = OK, index = 0): Promise<Asked> {
    asking.peers[index]?.forget()
    const response = asking.client.request(request)
    response.catch(() => {})
    const peer = await nthPeer(index)
    const heard = await peer.hears(/\r\n\r\n/)
    peer.say(answer)
    return { heard, peer, response }
  }

  beforeEach(async () => {
    asking.clock = new FakeClock()
    asking.peers = []
    ;({ server: asking.listener, port: asking.port } = await listen((socket: Socket) => {
      asking.peers.push(new RawPeer(socket))
      arrived?.()
    }))
    open()
  })

  afterEach(async () => {
    asking.client.close()
    asking.listener.close()
    for (const peer of asking.peers) {
      peer.socket.destroy()
      await peer.gone()
    }
    await turns()
    assert.equal(asking.client.connections, 0, 'every connection is let go')
    assert.equal(asking.clock.pending, 0, 'no timer is left')
  })

  return asking
}

export async function text(
  response: Promise<{ body: { bytes(max: number): Promise<Buffer> } }>,
): Promise<string> {
  return (await (await response).body.bytes(1_000_000)).toString()
}

export async function fails(
  promise: Promise<unknown>,
  code: HttpClientErrorCode,
  message = /./,
): Promise<void> {
  await assert.rejects(promise, error => {
    assert.equal((error as { code: string }).code, code, String(error))
    assert.match((error as Error).message, message)
    return true
  })
}
