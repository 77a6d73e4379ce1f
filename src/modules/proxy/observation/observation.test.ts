import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { checkProxy, proxyConfig } from '../config.ts'
import { type FakeProxy, type RawBackend, rawBackend, startProxy } from '../proxy-fake.ts'

const OK = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\nhi'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'outrigger-access-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 9 }))
  return path
}

async function backend(t: TestContext): Promise<RawBackend> {
  const made = await rawBackend()
  t.after(() => made.close())
  return made
}

/** One request, answered with 200 by the backend. */
async function served(proxy: FakeProxy, back: RawBackend, request: string): Promise<void> {
  const client = await proxy.client()
  client.say(request)
  const peer = await back.next()
  await peer.hears(/\r\n\r\n/)
  peer.say(OK)
  await client.hears(/hi$/)
}

/** Its lines once there are so many. */
async function lines(path: string, count: number): Promise<Record<string, unknown>[]> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '')
    const all = text.split('\n').slice(0, -1)
    if (all.length >= count) return all.map(line => JSON.parse(line))
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

const to = (path: string, more: object = {}) => ({ accessLog: [{ to: { file: { path } }, ...more }] })

describe('the access log of JSON lines', () => {
  test('tells of a request what is known, without its secrets', async t => {
    const path = join(await folder(t), 'logs', 'access.log')
    const back = await backend(t)
    await using proxy = await startProxy([back.address], to(path))
    await served(
      proxy as FakeProxy,
      back,
      'GET /a%62?b=1&token=hush HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: tester "1"\r\nAuthorization: Bearer hush\r\nCookie: hush\r\nX-Request-Id: 42\r\n\r\n',
    )
    const [line] = await lines(path, 1)
    const { time, duration_ms, upstream_ms, ...rest } = line!
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.equal(typeof duration_ms, 'number')
    assert.equal(typeof upstream_ms, 'number')
    assert.deepEqual(rest, {
      listener: 'front',
      method: 'GET',
      path: '/ab',
      query: 'b=1&token=<redacted>',
      protocol: 'HTTP/1.1',
      host: 'shop.test',
      status: 200,
      bytes_received: 0,
      bytes_sent: 2,
      upstream: 'back',
      endpoint: back.address,
      client: '127.0.0.1',
      user_agent: 'tester "1"',
      request_id: '42',
    })
    assert.equal((await readFile(path, 'utf8')).includes('hush'), false)
  })

  test('names the audit rules that a request meets, refused or not', async t => {
    const path = join(await folder(t), 'access.log')
    const back = await backend(t)
    const rules = [
      { name: 'writes', action: 'audit', to: [{ methods: ['POST'] }] },
      { name: 'admin', action: 'audit', to: [{ paths: ['/admin*'] }] },
      { name: 'no-admin', action: 'deny', to: [{ paths: ['/admin*'] }] },
    ]
    await using proxy = await startProxy([back.address], {
      ...to(path),
      access: { rules, otherwise: 'allow' },
    })
    const post = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'
    await served(proxy, back, post)
    const refused = await proxy.client()
    refused.say(post.replace('/a', '/admin'))
    await refused.hears(/ 403 /)
    const plain = await proxy.client()
    plain.say('GET /b HTTP/1.1\r\nHost: a\r\n\r\n')
    const kept = back.accepted[0]!
    await kept.hears(/GET \/b [\s\S]*\r\n\r\n/)
    kept.say(OK)
    await plain.hears(/hi$/)
    const audits = (await lines(path, 3)).map(({ status, audits }) => [status, audits])
    assert.deepEqual(audits, [
      [200, ['writes']],
      [403, ['writes', 'admin']],
      [200, undefined],
    ])
  })

  test('tells with its one code why a request failed', async t => {
    const path = join(await folder(t), 'access.log')
    const back = await backend(t)
    await using proxy = await startProxy([back.address], to(path))
    const client = await proxy.client()
    client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.socket.destroy()
    assert.match(await client.hears(/upstream_reset: .*\n$/), /outrigger-error: upstream_reset/)
    const [line] = await lines(path, 1)
    assert.equal(line!['status'], 502)
    assert.equal(line!['failure'], 'upstream_reset')
    assert.match(String(line!['detail']), /closed the connection before the response/)
  })

  test('goes on in a new file when the old one was put aside', async t => {
    const path = join(await folder(t), 'access.log')
    const back = await backend(t)
    await using proxy = await startProxy([back.address], { ...to(path), via: false })
    const request = 'GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    await served(proxy, back, request)
    await lines(path, 1)
    await rename(path, `${path}.1`)
    const client = await proxy.client()
    client.say('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    const peer = back.accepted[0]!
    await peer.hears(/GET \/2[\s\S]*\r\n\r\n/)
    peer.say(OK)
    await client.hears(/hi$/)
    assert.equal((await lines(path, 1))[0]!['path'], '/2')
    assert.equal((await lines(`${path}.1`, 1)).length, 1)
  })

  test('holds only failures when nothing else is sampled', async t => {
    const path = join(await folder(t), 'access.log')
    const back = await backend(t)
    await using proxy = await startProxy([back.address], to(path, { sampleRatio: 0 }))
    await served(proxy, back, 'GET /fine HTTP/1.1\r\nHost: a\r\n\r\n')
    const client = await proxy.client()
    client.say('GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.hears(/bad_request/)
    assert.deepEqual(
      (await lines(path, 1)).map(line => [line['path'], line['failure']]),
      [['/%zz', 'bad_request']],
    )
  })

  test('begins and ends with a reload', async t => {
    const path = join(await folder(t), 'access.log')
    const back = await backend(t)
    await using proxy = await startProxy([back.address])
    await proxy.running.update!(proxy.configured(to(path)))
    await served(proxy, back, 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal((await lines(path, 1)).length, 1)
    await proxy.running.update!(proxy.configured({ accessLog: [] }))
    const client = await proxy.client()
    client.say('GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.hears(/bad_request/)
    await proxy.host.close()
    assert.equal((await lines(path, 1)).length, 1)
  })
})

test('a place that is a folder is refused with its path', () => {
  const decoded = proxyConfig.decode({
    listeners: [{ listen: '127.0.0.1:1', upstream: 'a' }],
    upstreams: { a: { endpoints: [{ address: '127.0.0.1:2' }] } },
    accessLog: [{ to: { file: { path: '/var/log/' } } }],
  })
  assert.ok(decoded.ok)
  assert.deepEqual(
    checkProxy(decoded.value).map(({ path }) => path),
    [['accessLog', 0, 'to', 'file', 'path']],
  )
})
