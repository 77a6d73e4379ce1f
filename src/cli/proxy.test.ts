import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { listen } from '../http/raw-peer-fake.ts'
import { createHttpServer } from '../http/server/server.ts'
import { systemClock } from '../kernel/clock/system.ts'
import { rawBackend, startProxy } from '../modules/proxy/proxy-fake.ts'
import { fakeIo } from './io-fake.ts'
import { run } from './proxy.ts'

const OK = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\nhi'

/** A proxy with its admin listener, and a call of the command against it. */
async function setUp(t: TestContext) {
  const back = await rawBackend()
  const proxy = await startProxy([back.address])
  const admin = createHttpServer({
    clock: systemClock(),
    handler: (request, response) =>
      proxy.host.routes.find(request.path)!.methods[request.method]!(request, response),
  })
  const { port, server } = await listen(admin.accept)
  t.after(async () => {
    back.close()
    admin.close()
    server.close()
    await proxy[Symbol.asyncDispose]()
  })
  const io = fakeIo()
  const tap = (values: Record<string, string | boolean>) =>
    run({ io, positionals: ['tap'], rest: undefined, values: { admin: `127.0.0.1:${port}`, ...values } })
  const tapped = async () => {
    while (proxy.host.metric('taps') !== 1) await new Promise(setImmediate)
  }
  const request = async (path: string) => {
    const client = await proxy.client()
    client.say(`GET ${path} HTTP/1.1\r\nHost: shop.test\r\nCookie: hush\r\n\r\n`)
    const peer = back.accepted[0] ?? (await back.next())
    await peer.hears(/\r\n\r\n/)
    peer.forget()
    peer.say(OK)
    await client.hears(/hi$/)
  }
  return { io, tap, tapped, request, admin: `127.0.0.1:${port}` }
}

test('outrigger proxy tap shows the requests of a running sidecar, and ends after as many as it is to show', async t => {
  const { io, tap, tapped, request } = await setUp(t)
  const ended = tap({ path: '/api', limit: '2', json: true })
  await tapped()
  for (const path of ['/api/1?token=hush', '/other', '/api/2']) await request(path)
  assert.equal(await ended, 0)
  const lines = io.stdout.text.split('\n').slice(0, -1)
  assert.deepEqual(
    lines.map(line => JSON.parse(line).path),
    ['/api/1', '/api/2'],
  )
  assert.doesNotMatch(io.stdout.text, /hush/)
})

test('outrigger proxy tap writes a line for people unless told otherwise', async t => {
  const { io, tap, tapped, request } = await setUp(t)
  const ended = tap({ limit: '1' })
  await tapped()
  await request('/cart')
  assert.equal(await ended, 0)
  assert.match(io.stdout.text, /^\d{4}-\d\d-\d\dT\S+ INFO {2}GET \/cart 200 listener=front /)
})

test('outrigger proxy tap says what is wrong', async t => {
  const { io, tap } = await setUp(t)
  assert.equal(await tap({ status: 'bad' }), 2)
  assert.equal(await tap({ limit: '0' }), 2)
  assert.equal(await tap({ admin: 'nonsense' }), 2)
  assert.equal(await tap({ admin: '127.0.0.1:1' }), 1)
  assert.match(io.stderr.text, /status: expected a status such as 503 or a class such as 5xx, got "bad"\n/)
  assert.match(io.stderr.text, /nothing listens there/)
})

test('outrigger proxy explain asks a running sidecar when it is told where', async t => {
  const { admin, request } = await setUp(t)
  await request('/')
  const explain = async (line: string, values: object) => {
    const io = fakeIo()
    const code = await run({ io, positionals: ['explain', line], rest: undefined, values: { ...values } })
    return { code, out: io.stdout.text, err: io.stderr.text }
  }
  const { code, out, err } = await explain('GET http://any/', { admin: `http://${admin}/` })
  assert.equal(code, 0, err)
  assert.match(out, /^GET any:80\/ on listener front\n[\s\S]+usable +100 %, 0 under way/)
  const json = await explain('GET http://any/', { admin, json: true })
  assert.equal(JSON.parse(json.out).live, true)
  const wrong = await explain('nonsense', { admin })
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /^outrigger proxy explain: expected a request/)
  const away = await explain('GET http://any/', { admin: '127.0.0.1:1' })
  assert.equal(away.code, 1)
  assert.match(away.err, /nothing listens there/)
})

test('outrigger proxy needs to be told what to do', async () => {
  const io = fakeIo()
  assert.equal(await run({ io, positionals: [], rest: undefined, values: {} }), 2)
  assert.match(io.stderr.text, /expected explain or tap/)
})

test('explain says what a request would meet, and ends with 1 when it would meet nothing', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-explain-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const file = join(folder, 'outrigger.yaml')
  const listeners = '[{listen: "127.0.0.1:8080", routed: {}}]'
  await writeFile(
    file,
    `proxy: {listeners: ${listeners}, upstreams: {stock: {endpoints: [{address: "127.0.0.1:9"}]}}}`,
  )
  const explain = async (positionals: string[], values: object = {}) => {
    const io = fakeIo()
    const call = { io, positionals: ['explain', ...positionals], rest: undefined }
    const code = await run({ ...call, values: { config: [file], ...values } })
    return { code, out: io.stdout.text, err: io.stderr.text }
  }
  const found = await explain(['GET http://stock/a'])
  assert.equal(found.code, 0, found.err)
  assert.match(found.out, /^GET stock:80\/a on listener 127\.0\.0\.1:8080\n/)
  const json = await explain(['GET http://stock/a'], { json: true })
  assert.equal(JSON.parse(json.out).rule.name, 'implicit/stock')
  assert.equal((await explain(['GET http://nobody/'])).code, 1)
  for (const wrong of [[], ['nonsense'], ['GET', 'http://a/']]) {
    const { code, err } = await explain(wrong)
    assert.equal(code, 2)
    assert.match(err, /^outrigger proxy explain: expected (?:one|a) request/)
  }
})
