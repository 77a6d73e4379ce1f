import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import * as http from 'node:http'
import * as https from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import * as tls from 'node:tls'
import { systemClock } from '../kernel/clock/system.ts'
import { hasOpenssl, makeCertificates, type TestCertificates } from './certificates-fake.ts'
import { createHttpClient, type HttpClientOptions } from './client/client.ts'
import { createHttpServer, type Handler } from './server/server.ts'

const clock = systemClock()
const withOpenssl = { skip: hasOpenssl() ? false : 'the openssl program is not installed' }
const open: { close(): void }[] = []
let folder: string
let certificates: TestCertificates

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-interop-'))
  if (hasOpenssl()) certificates = makeCertificates(folder)
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))
afterEach(() => {
  for (const one of open.splice(0).reverse()) one.close()
})

/** Says what it was asked: method, target, a header, the body's length. */
const echo: Handler = async (request, response) => {
  const body = await request.body.bytes(10_000_000)
  const text = `${request.method} ${request.target} ${request.headers.get('x-test')} ${body.length}`
  if (request.path !== '/stream') {
    response.send(200, { 'Content-Type': 'text/plain', 'X-Multi': ['1', '2'] }, text)
    return
  }
  const stream = response.start(200, { Trailer: 'X-Sum' })
  for (const character of text) await stream.write(character)
  stream.end({ 'X-Sum': text.length })
}

function nodeEcho(request: http.IncomingMessage, response: http.ServerResponse): void {
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
  })
  request.on('end', () => {
    const text = `${request.method} ${request.url} ${request.headers['x-test']} ${length}`
    if (request.url === '/length') response.setHeader('Content-Length', Buffer.byteLength(text))
    response.write(text.slice(0, 3))
    response.end(text.slice(3))
  })
}

async function listening(server: Server, path?: string): Promise<number> {
  if (path === undefined) server.listen(0, '127.0.0.1')
  else server.listen(path)
  await once(server, 'listening')
  open.push({ close: () => server.close() })
  return path === undefined ? (server.address() as AddressInfo).port : 0
}

function ourClient(options: Omit<HttpClientOptions, 'clock'>) {
  const client = createHttpClient({ clock, ...options })
  open.push(client)
  return client
}

function ourServer() {
  const server = createHttpServer({ clock, handler: echo })
  open.push(server)
  return server
}

interface Asked {
  status: number
  text: string
  headers: http.IncomingHttpHeaders
  trailers: NodeJS.Dict<string>
}

/** A request by node's own client. */
function nodeAsk(
  options: https.RequestOptions,
  body = '',
  over: typeof http.request = http.request,
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const request = over(options, response => {
      let text = ''
      response.on('data', chunk => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          text,
          headers: response.headers,
          trailers: response.trailers,
        }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

describe("our client and node's server", () => {
  async function asks(client: ReturnType<typeof ourClient>): Promise<void> {
    for (const path of ['/length', '/chunked']) {
      const body = Buffer.alloc(100_000, 'x')
      const response = await client.request({ method: 'POST', path, headers: { 'X-Test': 'é' }, body })
      assert.equal(response.status, 200)
      assert.equal((await response.body.bytes(1000)).toString(), `POST ${path} é 100000`)
    }
    const head = await client.request({ method: 'HEAD', path: '/length' })
    assert.equal((await head.body.bytes(1000)).length, 0)
    async function* stream(): AsyncGenerator<Buffer> {
      for (let part = 0; part < 20; part++) yield Buffer.alloc(50_000)
    }
    const streamed = await client.request({ method: 'PUT', path: '/', body: stream() })
    assert.equal((await streamed.body.bytes(1000)).toString(), 'PUT / undefined 1000000')
    assert.equal(client.connections, 1, 'one connection did for all of it')
  }

  test('speak over TCP', async () => {
    const port = await listening(http.createServer(nodeEcho))
    await asks(ourClient({ origin: new URL(`http://localhost:${port}`) }))
  })

  test('speak over a Unix socket', async () => {
    const path = join(folder, 'node.sock')
    await listening(http.createServer(nodeEcho), path)
    await asks(ourClient({ origin: { path } }))
  })

  test('speak over TLS', withOpenssl, async () => {
    const port = await listening(https.createServer({ ...certificates.server }, nodeEcho))
    await asks(ourClient({ origin: new URL(`https://localhost:${port}`), tls: { ca: certificates.ca } }))
  })

  test('speak over TLS with a client certificate', withOpenssl, async () => {
    const options = {
      ...certificates.server,
      ca: certificates.ca,
      requestCert: true,
      rejectUnauthorized: true,
    }
    const port = await listening(https.createServer(options, nodeEcho))
    const origin = new URL(`https://127.0.0.1:${port}`)
    await asks(ourClient({ origin, tls: { ca: certificates.ca, ...certificates.client } }))
    const without = ourClient({ origin, tls: { ca: certificates.ca } })
    await assert.rejects(without.request({ method: 'GET', path: '/' }), {
      code: 'tls_failed',
      message: /asks for a client certificate/,
    })
  })

  test('speak over TLS without verification when told so', withOpenssl, async () => {
    const port = await listening(https.createServer({ ...certificates.expired }, nodeEcho))
    await asks(ourClient({ origin: new URL(`https://127.0.0.1:${port}`), tls: { verify: false } }))
  })
})

describe('TLS that cannot be trusted', withOpenssl, () => {
  const cases: [
    name: string,
    which: 'server' | 'expired',
    tls: () => HttpClientOptions['tls'],
    message: RegExp,
  ][] = [
    ['an unknown authority', 'server', () => ({}), /authority/],
    ['an expired certificate', 'expired', () => ({ ca: certificates.ca }), /has expired/],
    [
      'another name',
      'server',
      () => ({ ca: certificates.ca, serverName: 'b.example' }),
      /is for another name/,
    ],
  ]
  for (const [name, which, options, message] of cases)
    test(`is refused in plain words: ${name}`, async () => {
      const port = await listening(https.createServer({ ...certificates[which] }, nodeEcho))
      const client = ourClient({ origin: new URL(`https://127.0.0.1:${port}`), tls: options()! })
      await assert.rejects(client.request({ method: 'GET', path: '/' }), { code: 'tls_failed', message })
    })

  test('is refused in plain words: a server without TLS', async () => {
    const port = await listening(http.createServer(nodeEcho))
    const client = ourClient({ origin: new URL(`https://127.0.0.1:${port}`) })
    await assert.rejects(client.request({ method: 'GET', path: '/' }), {
      code: 'tls_failed',
      message: /does not speak TLS/,
    })
  })

  test('is refused when its keys cannot be read', () => {
    const origin = new URL('https://127.0.0.1')
    assert.throws(() => ourClient({ origin, tls: { cert: 'x', key: 'y' } }), { code: 'tls_failed' })
  })
})

describe("node's client and our server", () => {
  async function asks(options: https.RequestOptions, over = http.request): Promise<void> {
    const headers = { 'X-Test': 'y' }
    const sent = await nodeAsk(
      { ...options, method: 'POST', path: '/?a', headers },
      'x'.repeat(100_000),
      over,
    )
    assert.deepEqual([sent.status, sent.text, sent.headers['x-multi']], [200, 'POST /?a y 100000', '1, 2'])
    const streamed = await nodeAsk({ ...options, path: '/stream', headers }, '', over)
    assert.deepEqual([streamed.text, streamed.trailers['x-sum']], ['GET /stream y 0', '15'])
    const expecting = { ...headers, Expect: '100-continue' }
    assert.equal(
      (await nodeAsk({ ...options, method: 'PUT', path: '/', headers: expecting }, 'x', over)).text,
      'PUT / y 1',
    )
    assert.equal((await nodeAsk({ ...options, method: 'HEAD', path: '/', headers }, '', over)).text, '')
  }

  test('speak over TCP', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const server = ourServer()
    const port = await listening(createServer(server.accept))
    await asks({ host: '127.0.0.1', port, agent })
    assert.equal(server.connections, 1, 'one connection did for all of it')
    agent.destroy()
  })

  test('speak over a Unix socket', async () => {
    const path = join(folder, 'our.sock')
    await listening(createServer(ourServer().accept), path)
    await asks({ socketPath: path })
  })

  test('speak over TLS', withOpenssl, async () => {
    const port = await listening(tls.createServer({ ...certificates.server }, ourServer().accept))
    await asks({ host: '127.0.0.1', port, ca: certificates.ca }, https.request)
  })
})

test('our client and our server speak many requests at once', async () => {
  const port = await listening(createServer(ourServer().accept))
  const client = ourClient({ origin: new URL(`http://127.0.0.1:${port}`), maxConnections: 8 })
  const lengths = Array.from({ length: 500 }, (_, at) => at * 37)
  const answers = await Promise.all(
    lengths.map(async length => {
      const path = length % 2 === 0 ? '/stream' : '/'
      const response = await client.request({ method: 'POST', path, body: Buffer.alloc(length) })
      return (await response.body.bytes(1000)).toString()
    }),
  )
  assert.deepEqual(
    answers,
    lengths.map(length => `POST ${length % 2 === 0 ? '/stream' : '/'} undefined ${length}`),
  )
  assert.equal(client.connections, 8)
})

test('our server chooses the version by ALPN, and our client follows', withOpenssl, async () => {
  const handler: Handler = async (request, response) => response.send(200, {}, await request.body.bytes(100))
  for (const [ALPNProtocols, protocol] of [
    [['h2', 'http/1.1'], 'auto'],
    [['h2'], 'http2'],
    [['http/1.1'], 'auto'],
  ] as const) {
    const engine = createHttpServer({ clock, handler })
    const { ca } = certificates
    const sockets: (string | false | null)[] = []
    const listener = tls.createServer(
      { ...certificates.server, ALPNProtocols: [...ALPNProtocols] },
      socket => {
        sockets.push(socket.alpnProtocol)
        engine.accept(socket)
      },
    )
    const port = await listening(listener)
    open.push(engine)
    const one = ourClient({ origin: new URL(`https://localhost:${port}`), protocol, tls: { ca } })
    const answers = await Promise.all(
      [1, 2, 3].map(async () => {
        const { body } = await one.request({ method: 'POST', path: '/', body: Buffer.from('hi') })
        return String(await body.bytes(10))
      }),
    )
    assert.deepEqual(answers, ['hi', 'hi', 'hi'])
    assert.equal(sockets.at(-1), ALPNProtocols[0])
    if (ALPNProtocols[0] === 'h2') assert.equal(sockets.length, 1)
  }
})
