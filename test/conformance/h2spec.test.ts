// The conformance suite h2spec (github.com/summerwind/h2spec, a Go program) in its strict mode, against the server of
// the engine and against the proxy before a backend of HTTP/2. It is an optional peer: where it is not on the PATH
// these tests are skipped by name, and CI, which installs it where it has Go, does without them.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as tls from 'node:tls'
import { hasOpenssl, makeCertificates } from '../../src/http/certificates-fake.ts'
import { createHttpServer, type HttpServer, type HttpVersions } from '../../src/http/server/server.ts'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { startProxy } from '../../src/modules/proxy/proxy-fake.ts'
import { missing } from '../fakes/programs.ts'

const skip = missing('h2spec')

// CI allows no skipped tests: there they exist only with the program.
if (skip === false || process.env['CI'] !== 'true')
  describe('h2spec finds nothing', { skip }, () => {
    const engines: HttpServer[] = []
    const listeners: Server[] = []
    let folder: string

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'outrigger-h2spec-'))
    })
    after(async () => {
      for (const engine of engines) engine.close()
      for (const listener of listeners) listener.close()
      await rm(folder, { recursive: true, maxRetries: 9 })
    })

    function engine(versions: HttpVersions): HttpServer {
      const made = createHttpServer({
        clock: systemClock(),
        versions,
        handler: async (request, response) => {
          await request.body.bytes(1_000_000)
          response.send(200, { 'Content-Type': 'text/plain' }, 'hello world\n')
        },
      })
      engines.push(made)
      return made
    }

    async function portOf(listener: Server): Promise<number> {
      listeners.push(listener)
      listener.listen(0, '127.0.0.1')
      await once(listener, 'listening')
      return (listener.address() as AddressInfo).port
    }

    async function findsNothing(port: number, ...more: string[]): Promise<void> {
      const output = await new Promise<string>(resolve =>
        execFile('h2spec', ['-h', '127.0.0.1', '-p', String(port), '-S', ...more], (_error, stdout) =>
          resolve(stdout),
        ),
      )
      assert.match(output, /(\d+) tests, \1 passed, 0 skipped, 0 failed/, output.slice(-4000))
    }

    test('in the server over TLS', { skip: !hasOpenssl() }, async () => {
      const { accept } = engine('any')
      const options = { ...makeCertificates(folder).server, ALPNProtocols: ['h2'] }
      await findsNothing(await portOf(tls.createServer(options, accept)), '-t', '-k')
    })

    test('in a server that speaks nothing else over plain TCP', async () => {
      await findsNothing(await portOf(createServer(engine('http2').accept)))
    })

    test('in the proxy before a backend of HTTP/2', async () => {
      const backend = await portOf(createServer(engine('any').accept))
      await using proxy = await startProxy([`127.0.0.1:${backend}`], { versions: 'http2' }, undefined, {
        protocol: 'http2',
      })
      await findsNothing(proxy.port)
    })

    test('in the proxy before a backend of HTTP/1.1', async () => {
      const backend = await portOf(createServer(engine('any').accept))
      await using proxy = await startProxy([`127.0.0.1:${backend}`], { versions: 'http2' })
      await findsNothing(proxy.port)
    })
  })
