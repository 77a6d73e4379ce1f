// Events are passed on one by one: each is sent only when the client has got the one before it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import * as http2 from 'node:http2'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, describe, type TestContext, test } from 'node:test'
import { Authority } from '../../../../test/fakes/certificates.ts'
import { startConfigured } from '../proxy-fake.ts'
import { route, routed, to } from '../routed-fake.ts'

type Version = 'http1' | 'http2'
const ALPN: Record<Version, string> = { http1: 'http/1.1', http2: 'h2' }
const HEAD = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }

const authority = new Authority()
const pair = authority.issue('localhost', ['localhost', '127.0.0.1'])
let folder: string
const file = (name: string) => join(folder, name)

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-events-'))
  await Promise.all([
    writeFile(file('ca.pem'), authority.cert),
    writeFile(file('tls.crt'), pair.cert),
    writeFile(file('tls.key'), pair.key),
  ])
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

/** A backend whose answers the test writes; it speaks one version over TLS. */
async function backend(t: TestContext, version: Version) {
  const opened = Promise.withResolvers<ServerResponse>()
  const server = http2.createSecureServer(
    { ...pair, ALPNProtocols: [ALPN[version]], allowHTTP1: version === 'http1' },
    (_request, response) => opened.resolve(response as unknown as ServerResponse),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, opened: opened.promise }
}

/** The answer to one request, as it comes. */
async function get(t: TestContext, version: Version, port: number): Promise<Readable> {
  const tls = { host: '127.0.0.1', port, servername: 'localhost', ca: authority.cert }
  if (version === 'http1') {
    const request = https.get({ ...tls, agent: false, headers: { host: 'checkout' }, path: '/events' })
    t.after(() => request.destroy())
    return (await once(request, 'response'))[0]
  }
  const session = http2.connect(`https://localhost:${port}`, tls)
  t.after(() => session.destroy())
  const stream = session.request({ ':path': '/events', ':authority': 'checkout' })
  const [headers] = await once(stream, 'response')
  return Object.assign(stream, { headers })
}

/** Its text, once it ends so. */
async function hears(text: () => string, stream: Readable, ending: string): Promise<void> {
  while (!text().endsWith(ending)) await once(stream, 'data')
}

describe('an event stream goes through access log, filters and TLS as it comes', () => {
  for (const from of ['http1', 'http2'] as const)
    for (const over of ['http1', 'http2'] as const)
      test(`from a backend of ${over} to a client of ${from}`, async t => {
        const back = await backend(t, over)
        const set = [{ name: 'x-passed', value: 'yes' }]
        const proxy = await startConfigured(
          routed(
            {
              checkout: {
                endpoints: [{ address: back.address }],
                protocol: over,
                tls: { ca: file('ca.pem'), serverName: 'localhost' },
              },
            },
            [
              route({
                rules: [
                  {
                    filters: [
                      { type: 'RequestHeaderModifier', requestHeaderModifier: { set } },
                      { type: 'ResponseHeaderModifier', responseHeaderModifier: { set } },
                    ],
                    backendRefs: [to('checkout')],
                  },
                ],
              }),
            ],
            {
              routed: {},
              tls: { certificates: [{ cert: file('tls.crt'), key: file('tls.key') }] },
              accessLog: [{ to: { file: { path: file(`${from}-${over}.log`) } } }],
            },
          ),
        )
        t.after(() => proxy[Symbol.asyncDispose]())
        const [answer, response] = await Promise.all([
          get(t, from, proxy.port),
          back.opened.then(response => {
            // The head alone has to arrive, too: a browser says "open" with it.
            response.writeHead(200, HEAD)
            response.flushHeaders()
            return response
          }),
        ])
        const { headers } = answer as Readable & { headers: Record<string, string> }
        assert.equal(headers['content-type'], 'text/event-stream')
        assert.equal(headers['x-passed'], 'yes')
        let text = ''
        answer.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        for (let number = 1; number <= 20; number++) {
          response.write(`id: ${number}\ndata: {}\n\n`)
          await hears(() => text, answer, `id: ${number}\ndata: {}\n\n`)
        }
        response.write('data: ')
        await hears(() => text, answer, 'data: ')
        assert.equal(answer.readableEnded, false)
        response.end('last\n\n')
        await once(answer, 'end')
        assert.match(text, /^id: 1\n[\s\S]*id: 20\ndata: \{\}\n\ndata: last\n\n$/)
      })
})
