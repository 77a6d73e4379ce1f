import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import type { SourceFailure } from '../source.ts'
import { checkHttpSource, httpSourceConfig } from './config.ts'
import { freshForMs } from './freshness.ts'
import { openHttpSource } from './source.ts'

const never = new AbortController().signal

async function serve(t: TestContext, listener: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function sourceOf(t: TestContext, given: Readonly<Record<string, unknown>>) {
  const decoded = httpSourceConfig.decode(given)
  assert.ok(decoded.ok)
  const host = fakeHost({ clock: systemClock() })
  t.after(() => host.close())
  return openHttpSource(decoded.value, { ...host, name: 'http', key: 'secrets.sources[0].http' })
}

test('what has not changed is not sent again, and comes with its freshness', async t => {
  const asked: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    asked.push(request.headers['if-none-match'])
    const headers = { etag: '"1"', 'cache-control': 'max-age=60', 'content-type': 'application/json' }
    if (asked.length > 1) return void response.writeHead(304, headers).end()
    response.writeHead(200, headers).end('{"password":"hunter2"}')
  })
  const source = sourceOf(t, { url: `${url}/{path}` })
  const first = await source.fetch({ path: 'a/b' }, never)
  const second = await source.fetch({ path: 'a/b' }, never)
  assert.deepEqual(asked, [undefined, '"1"'])
  assert.equal(second.data.get('password'), 'hunter2')
  assert.deepEqual(first.timing, { kind: 'static', askAfterMs: 60_000 })
})

test('the path fills the URL, encoded; headers and a pointer do their part', async t => {
  const asked: unknown[] = []
  const url = await serve(t, ({ url: path, headers }, response) => {
    asked.push(path, headers['x-scope'], headers.authorization)
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"data":[{"k":12345678901234567890}]}')
  })
  const source = sourceOf(t, {
    url: `${url}/v1/{path}?env=prod`,
    headers: { 'X-Scope': 'team' },
    auth: { bearer: 'token' },
    pointer: '/data/0',
  })
  const { data } = await source.fetch({ path: 'a b/c?d' }, never)
  assert.deepEqual(asked, ['/v1/a%20b/c%3Fd?env=prod', 'team', 'Bearer token'])
  assert.equal(String(data.get('k')), '12345678901234567890')
})

test('redirections on the same server are followed, and no others', async t => {
  let seen = 0
  const other = await serve(t, (_, response) => {
    seen++
    response.end('{}')
  })
  const url = await serve(t, ({ url: path }, response) => {
    if (path === '/there') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('x')
    const to: Record<string, string> = { '/here': '/there', '/away': `${other}/`, '/round': '/round' }
    response.writeHead(302, { location: to[path!] }).end()
  })
  const source = sourceOf(t, { url: `${url}/{path}`, auth: { bearer: 'token' } })
  assert.equal((await source.fetch({ path: 'here' }, never)).data.get('value'), 'x')
  await assert.rejects(source.fetch({ path: 'away' }, never), /sends us to another server; we do not follow/)
  await assert.rejects(source.fetch({ path: 'round' }, never), /sends us on more than 3 times/)
  assert.equal(seen, 0)
})

const JSON_TYPE = { 'content-type': 'application/json' }

const answers: [string, (response: ServerResponse) => void, string, RegExp][] = [
  [
    'an endless body',
    r => void r.writeHead(200, JSON_TYPE).write('hunter2'.repeat(50_000)),
    'unavailable',
    /./,
  ],
  [
    'a cut body',
    r => void r.writeHead(200, { 'content-length': '99' }).write('hunter2', () => r.destroy()),
    'unavailable',
    /closed the connection/,
  ],
  [
    'broken JSON',
    r => void r.writeHead(200, JSON_TYPE).end('{"a": hunter2'),
    'invalid',
    /no valid JSON at line 1, column \d+/,
  ],
  ['a list', r => void r.writeHead(200, JSON_TYPE).end('["hunter2"]'), 'invalid', /expected a mapping/],
  [
    'deep nesting',
    r => void r.writeHead(200, JSON_TYPE).end(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`),
    'invalid',
    /too deeply/,
  ],
  [
    'bytes',
    r => void r.writeHead(200, JSON_TYPE).end(Buffer.from([0xff, 0xfe])),
    'invalid',
    /no text in UTF-8/,
  ],
  ['401', r => void r.writeHead(401).end('hunter2'), 'forbidden', /answered 401; set secrets/],
  ['429', r => void r.writeHead(429, { 'retry-after': '7' }).end(), 'unavailable', /answered 429/],
  ['500', r => void r.writeHead(500).end('hunter2'), 'unavailable', /answered 500/],
  ['204', r => void r.writeHead(204).end(), 'missing', /answered 204/],
]

for (const [what, answer, reason, message] of answers)
  test(`${what} is ${reason}, and nothing of it is shown`, async t => {
    const url = await serve(t, (_, response) => answer(response))
    const source = sourceOf(t, { url: `${url}/{path}`, maxSize: '64KiB' })
    await assert.rejects(source.fetch({ path: 'a' }, never), (error: SourceFailure) => {
      assert.equal(error.reason, reason, error.message)
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /hunter2/)
      if (what === '429') assert.equal(error.retryAfterMs, 7000)
      return true
    })
  })

test('a path cannot climb', t =>
  assert.rejects(
    sourceOf(t, { url: 'http://127.0.0.1:1/a/{path}' }).fetch({ path: '../b' }, never),
    /without \. and \.\./,
  ))

const freshness: [Record<string, string>, number | undefined][] = [
  [{ 'cache-control': 'private, max-age=60' }, 60_000],
  [{ 'cache-control': 'max-age=60', age: '20' }, 40_000],
  [{ 'cache-control': 'max-age=60, no-store' }, undefined],
  [{ 'cache-control': 'max-age=0' }, undefined],
  [{ 'cache-control': 'max-age=9999999999' }, 86_400_000],
  [{ expires: 'Thu, 01 Jan 1970 00:01:00 GMT' }, 60_000],
  [{ expires: 'Thu, 01 Jan 2026 00:01:00 GMT', date: 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30_000],
  [{ expires: '0' }, undefined],
  [{}, undefined],
]
for (const [headers, expected] of freshness)
  test(`${JSON.stringify(headers)} is fresh for ${expected}`, () =>
    assert.equal(
      freshForMs(name => headers[name], 0),
      expected,
    ))

const configs: [Record<string, unknown>, RegExp][] = [
  [{ url: 'https://{path}.example.com/' }, /cannot choose the server/],
  [{ url: 'https://user:pass@example.com/' }, /without credentials/],
  [{ url: 'https://example.com/#a' }, /without a fragment/],
  [{ url: 'http://example.com/', tls: {} }, /no effect on an http URL/],
]
for (const [given, expected] of configs)
  test(`${JSON.stringify(given)} is refused`, () => {
    const decoded = httpSourceConfig.decode(given)
    const found = decoded.ok ? checkHttpSource(decoded.value) : decoded.problems
    assert.match(found.map(({ message }) => message).join(), expected)
  })
