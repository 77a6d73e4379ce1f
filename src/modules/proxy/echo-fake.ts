import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createHttpClient } from '../../http/client/client.ts'
import type { ServerRequest } from '../../http/server/request.ts'
import type { ServerResponse } from '../../http/server/response.ts'
import { createHttpServer } from '../../http/server/server.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import type { HeaderList } from '../../wire/http1/headers.ts'

const MAX_BYTES = 32 * 1024 * 1024

/** A request as a backend got it. */
export interface Heard {
  readonly method: string
  readonly target: string
  readonly headers: HeaderList
  readonly body: string
}

export interface EchoBackend extends Disposable {
  readonly address: string
  readonly heard: Heard[]
  /** Resolves once so many requests have come in whole. */
  has(count: number): Promise<void>
}

/** For tests: a backend that answers every request with its name, or as it is told. */
export async function echoBackend(
  name: string,
  answer: (response: ServerResponse, request: ServerRequest) => void = response =>
    response.send(200, {}, name),
): Promise<EchoBackend> {
  const heard: Heard[] = []
  let wake = (): void => {}
  const server = createHttpServer({
    clock: systemClock(),
    handler: async (request, response) => {
      const { method, target, headers } = request
      const body = await request.body.bytes(MAX_BYTES)
      heard.push({ method, target, headers, body: body.toString() })
      wake()
      answer(response, request)
    },
  })
  const listener = createServer({ allowHalfOpen: true }, server.accept).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    heard,
    has: async count => {
      while (heard.length < count)
        await new Promise<void>(resolve => {
          wake = resolve
        })
    },
    [Symbol.dispose]: () => {
      listener.close()
      server.close()
    },
  }
}

export interface Answer {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

/** For tests: one request on a connection of its own: `GET http://checkout/cart`, wherever the proxy listens. */
export async function ask(
  port: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  const [method = '', target = ''] = line.split(' ')
  const [, host = '', path = '/'] = /^http:\/\/([^/]+)(.*)$/.exec(target) ?? []
  const client = createHttpClient({ clock: systemClock(), origin: new URL(`http://127.0.0.1:${port}`) })
  try {
    const response = await client.request({
      method,
      path: path || '/',
      headers: { Host: host, ...headers },
      ...(body !== undefined && { body: Buffer.from(body) }),
    })
    const bytes = await response.body.bytes(MAX_BYTES)
    return { status: response.status, headers: response.headers, body: bytes.toString() }
  } finally {
    client.close()
  }
}
