import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { run } from './health.ts'
import { fakeIo } from './io-fake.ts'

async function ask(admin: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = fakeIo()
  const code = await run({ io, values: { admin }, positionals: [], rest: undefined })
  return { code, stdout: io.stdout.text, stderr: io.stderr.text }
}

async function sidecar(t: TestContext, status: number): Promise<string> {
  const server: Server = createServer((request, response) => {
    response.statusCode = request.url === '/readyz' ? status : 404
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('outrigger health', () => {
  it('ends with 0 when the sidecar is ready', async t => {
    const { code, stdout } = await ask(await sidecar(t, 200))
    assert.equal(code, 0)
    assert.match(stdout, /is ready$/m)
  })

  it('ends with 1 when it is not, and says what it answered', async t => {
    const { code, stdout } = await ask(await sidecar(t, 503))
    assert.equal(code, 1)
    assert.match(stdout, /not ready: it answered 503/)
  })

  it('ends with 1 when there is none', async () => {
    const gone = createServer()
    await new Promise<void>(resolve => gone.listen(0, '127.0.0.1', resolve))
    const { port } = gone.address() as AddressInfo
    await new Promise(resolve => gone.close(resolve))
    assert.match((await ask(`127.0.0.1:${port}`)).stdout, /not ready: ECONNREFUSED/)
  })

  it('ends with 2 when the address is none', async () => {
    const { code, stderr } = await ask('nowhere')
    assert.equal(code, 2)
    assert.match(stderr, /--admin: expected an address/)
  })
})
