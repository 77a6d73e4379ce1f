// The conformance suite h2spec (github.com/summerwind/h2spec, a Go program) against the server. It is an optional
// peer: where it is not on the PATH these tests do not exist.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { systemClock } from '../../kernel/clock/system.ts'
import { hasOpenssl, makeCertificates } from '../certificates-fake.ts'
import { createHttpServer } from './server.ts'

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

if (isOnPath('h2spec') && hasOpenssl())
  test('h2spec finds nothing, in strict mode too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-h2spec-'))
    const engine = createHttpServer({
      clock: systemClock(),
      handler: async (request, response) => {
        await request.body.bytes(1_000_000)
        response.send(200, { 'Content-Type': 'text/plain' }, 'hello world\n')
      },
    })
    // Over TLS, because a plain connection that does not begin with the preface speaks HTTP/1.1 here.
    const listener = tls.createServer(
      { ...makeCertificates(folder).server, ALPNProtocols: ['h2'] },
      engine.accept,
    )
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    try {
      const { port } = listener.address() as AddressInfo
      const output = await new Promise<string>(resolve =>
        execFile('h2spec', ['-h', '127.0.0.1', '-p', String(port), '-t', '-k', '-S'], (_error, stdout) =>
          resolve(stdout),
        ),
      )
      assert.match(output, /(\d+) tests, \1 passed, 0 skipped, 0 failed/, output.slice(-4000))
    } finally {
      engine.close()
      listener.close()
      await rm(folder, { recursive: true })
    }
  })
