import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { hasOpenssl, makeCertificates } from '../../../../http/certificates-fake.ts'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { deadlineIn } from '../../../../kernel/lifecycle/deadline.ts'
import { type FakeInputOptions, fakeInputHost } from '../input-fakes.ts'
import { jsonAnswer, textAnswer } from './answer.ts'
import { authFields, httpServerFields } from './config.ts'
import { type Service, startHttpInput } from './server.ts'

const schema = s.object({ ...httpServerFields('127.0.0.1:0'), auth: authFields }, { about: 'An HTTP input.' })

/** Each body is one record. */
const service: Service = {
  route: ({ path }) => ({
    isOpen: path === '/health',
    bringsRecords: path !== '/health',
    async answer({ body, intake }) {
      if (path === '/health') return jsonAnswer(200, {})
      const records = intake.gather(path, 'test')
      records.out.copy(body, 0, body.length)
      await records.end(5)
      await records.finish()
      return jsonAnswer(200, { bytes: body.length })
    },
  }),
  refusal: ({ status, message, headers }) => textAnswer(status, message, headers),
}

async function started(t: TestContext, config: object = {}, options: Partial<FakeInputOptions> = {}) {
  const host = fakeInputHost({ kind: 'test', ...options })
  t.after(() => host.close())
  const decoded = schema.decode(config)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  const input = await startHttpInput({ config: decoded.value, service }, host)
  const port = host.ports[0]!
  const post = (body: string, headers: Record<string, string> = {}, path = '/') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers })
  return { host, input, port, post }
}

/** What a peer hears until the connection ends. */
async function heard(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

async function dial(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  await new Promise(resolve => socket.once('connect', resolve))
  return socket
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

test('with users and tokens only their bearers come in', async t => {
  const { host, post } = await started(t, { auth: { users: { me: 'pa:ss' }, tokens: ['t1', 't2'] } })
  const cases: [number, Record<string, string>][] = [
    [401, {}],
    [401, { authorization: 'Basic' }],
    [401, basic('me:pa')],
    [401, basic('you:pa:ss')],
    [401, basic('')],
    [401, { authorization: 'Bearer t3' }],
    [401, { authorization: 'Bearer ' }],
    [401, { authorization: 't1' }],
    [200, basic('me:pa:ss')],
    [200, { authorization: 'Bearer t1' }],
    [200, { authorization: 'bearer t2' }],
  ]
  for (const [status, headers] of cases)
    assert.equal((await post('x', headers)).status, status, JSON.stringify(headers))
  assert.match((await post('x')).headers.get('www-authenticate') ?? '', /^Basic realm=.*Bearer$/)
  assert.equal((await post('x', {}, '/health')).status, 200)
  assert.equal(host.metric('http_refused_total', { input: 'test', reason: 'unauthorized' }), 9)
  assert.equal(host.taken.length, 3)
})

test('while the spool takes nothing for longer than a moment, further senders are told to come again', async t => {
  const clock = new FakeClock()
  const { host, post } = await started(t, {}, { clock })
  const spool = Promise.withResolvers<void>()
  host.gate = spool.promise
  const first = post('a')
  const second = post('b')
  await until(() => host.metric('http_received_bytes_total', { input: 'test' }) === 2)
  clock.advance(2001)
  const refused = await post('c')
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '2')
  assert.equal((await post('', {}, '/health')).status, 200)
  spool.resolve()
  assert.equal((await first).status, 200)
  assert.equal((await second).status, 200)
  assert.equal((await post('d')).status, 200)
})

test('what senders have under way is one budget; who comes when it is used up is told to come again', async t => {
  const { host, post } = await started(t, {}, { budgetBytes: 40 * 1024 })
  const spool = Promise.withResolvers<void>()
  host.gate = spool.promise
  const body = 'x'.repeat(16 * 1024)
  const first = [post(body), post(body)]
  await until(() => host.budget.usedBytes === 32 * 1024)
  const refused = await post(body)
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '2')
  spool.resolve()
  for (const one of first) assert.equal((await one).status, 200)
  assert.equal(host.budget.usedBytes, 0)
  assert.equal((await post(body)).status, 200)
})

test('a body that never fits the budget is too large, not too early', async t => {
  const { post } = await started(t, {}, { budgetBytes: 20 * 1024 })
  assert.equal((await post('x'.repeat(30_000))).status, 413)
})

test('a sender that does not get on with its body is let go, and holds nothing then', async t => {
  const clock = new FakeClock()
  const { host, port } = await started(t, { timeout: '5s' }, { clock })
  const peer = await dial(t, port)
  peer.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx')
  await until(() => host.budget.usedBytes > 0)
  for (let i = 0; i < 6; i++) {
    clock.advance(1000)
    peer.write('x')
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  }
  assert.match(await heard(peer), /^HTTP\/1\.1 408 /)
  assert.equal(host.budget.usedBytes, 0)
  assert.equal(host.metric('http_refused_total', { input: 'test', reason: 'too_slow' }), 1)
})

test('a sender that goes in the middle of its body leaves nothing behind', async t => {
  const { host, port } = await started(t)
  const peer = await dial(t, port)
  peer.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx')
  await until(() => host.budget.usedBytes > 0)
  peer.destroy()
  await until(() => host.budget.usedBytes === 0)
  assert.deepEqual(host.taken, [])
})

test('a body in a million chunks takes no more room than its bytes', async t => {
  const { host, port } = await started(t, {}, { budgetBytes: 256 * 1024 })
  const peer = await dial(t, port)
  peer.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n')
  for (let i = 0; i < 100; i++) peer.write('1\r\nx\r\n'.repeat(1000))
  peer.write('0\r\n\r\n')
  assert.match(await heard(peer), /"bytes":100000/)
  assert.equal(host.taken[0]?.text.length, 100_000)
})

test('connections above the limit are closed at once, and counted', async t => {
  const { port, host } = await started(t, { maxConnections: 2 })
  const first = await dial(t, port)
  await dial(t, port)
  const third = await dial(t, port)
  assert.equal(await heard(third), '')
  assert.equal(host.metric('http_refused_total', { input: 'test', reason: 'connections' }), 1)
  first.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx')
  assert.match(await heard(first), /^HTTP\/1\.1 200 /)
})

test('what is no HTTP is answered, and counted', async t => {
  const { port, host } = await started(t)
  const peer = await dial(t, port)
  peer.write('hello\r\n\r\n')
  assert.match(await heard(peer), /^HTTP\/1\.1 400 /)
  assert.equal(host.metric('http_refused_total', { input: 'test', reason: 'bad_http' }), 1)
})

test('a request on a connection that was kept is answered when the end has come', async t => {
  const { host, input, port } = await started(t)
  const peer = await dial(t, port)
  const one = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx'
  peer.write(one)
  await until(() => host.taken.length === 1)
  using deadline = deadlineIn(host.clock, 10_000)
  const drained = input.drain(deadline)
  peer.write(one)
  assert.equal((await heard(peer)).match(/HTTP\/1\.1 200 /g)?.length, 2)
  await drained
})

test('a connection serves request after request', async t => {
  const { port, host } = await started(t)
  const peer = await dial(t, port)
  const one = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx'
  peer.write(one + one + one.replace('Host', 'Connection: close\r\nHost'))
  assert.equal((await heard(peer)).match(/HTTP\/1\.1 200 /g)?.length, 3)
  assert.equal(host.taken.length, 3)
})

test('at the end nothing new is taken, and what is under way is answered', async t => {
  const { host, input, post } = await started(t)
  const spool = Promise.withResolvers<void>()
  host.gate = spool.promise
  const under = post('a')
  await until(() => host.budget.usedBytes > 0)
  using deadline = deadlineIn(host.clock, 10_000)
  const drained = input.drain(deadline)
  await assert.rejects(post('b'))
  spool.resolve()
  assert.equal((await under).status, 200)
  await drained
  assert.equal(host.taken.length, 1)
})

test('a sink that fails is an answer that lets the sender come again', async t => {
  const { host, post } = await started(t)
  host.gate = Promise.reject(new Error('the disk is gone'))
  host.gate.catch(() => {})
  const answer = await post('x')
  assert.equal(answer.status, 503)
  assert.deepEqual(
    host.log.records.filter(({ level }) => level === 'error').map(({ event }) => event),
    ['request_failed'],
  )
})

test('by TLS, senders show a certificate where there is an authority for them', {
  skip: hasOpenssl() ? false : 'openssl is not installed',
}, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-http-input-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const made = makeCertificates(folder)
  await writeFile(join(folder, 'chain.pem'), made.server.cert)
  await writeFile(join(folder, 'own.key'), made.server.key)
  const tls = {
    cert: join(folder, 'chain.pem'),
    key: join(folder, 'own.key'),
    ca: join(folder, 'ca.pem'),
  }
  const { host, port } = await started(t, { tls })
  const ask = (options: object) =>
    new Promise<number>((resolve, reject) => {
      const request = httpsRequest(
        { host: '127.0.0.1', port, method: 'POST', ca: made.ca, agent: false, ...options },
        response => {
          response.resume()
          resolve(response.statusCode ?? 0)
        },
      )
      request.on('error', reject)
      request.end('x')
    })
  assert.equal(await ask({ cert: made.client.cert, key: made.client.key }), 200)
  await assert.rejects(ask({}))
  await assert.rejects(ask({ cert: made.expired.cert, key: made.expired.key }))
  assert.equal(host.taken.length, 1)
  // Plain HTTP to it comes to nothing, too.
  const peer = await dial(t, port)
  peer.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
  await heard(peer).catch(() => '')
  assert.equal(host.taken.length, 1)
})

test('files that are missing are told at the start, with the option that names them', async t => {
  const tls = { cert: '/nowhere/tls.crt', key: '/nowhere/tls.key' }
  await assert.rejects(started(t, { tls }), /logs\.inputs\[0\]\.test\.tls\.cert .*ENOENT/)
})
