import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Authority } from '../../../test/fakes/certificates.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { fakeHost } from '../../kernel/host-fake.ts'
import { VaultClient, type VaultRequest } from './client.ts'
import { failureOf, VaultError } from './error.ts'

async function listening(
  t: TestContext,
  listener: RequestListener,
  identity?: { cert: string; key: string },
) {
  const server = identity === undefined ? createServer(listener) : createSecureServer(identity, listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `${identity === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function clientOf(t: TestContext, address: string, namespace?: string) {
  const host = fakeHost({ clock: systemClock() })
  t.after(() => host.close())
  const client = new VaultClient(
    {
      address,
      namespace,
      tls: { verify: false },
      timeoutMs: 10_000,
      maxConnections: 2,
      limit: { requestsPerSecond: 1000, burst: 1000 },
      key: 'vault',
    },
    host,
  )
  return (request: VaultRequest) => client.request(request, new AbortController().signal)
}

test('a request carries token, namespace and wrapping, and a path that a URL can bear', async t => {
  let seen: unknown
  const url = await listening(t, ({ method, url, headers }, response) => {
    const { 'x-vault-token': token, 'x-vault-namespace': space, 'x-vault-wrap-ttl': wrap } = headers
    seen = [method, url, token, space, wrap, headers['x-vault-request']]
    response.writeHead(204).end()
  })
  const request = clientOf(t, `${url}/behind/`, 'team')
  const answer = await request({
    method: 'GET',
    path: 'secret/data/a b/ü#?version=2',
    token: 'tok',
    namespace: 'sub',
    wrapTtl: '60s',
  })
  assert.deepEqual(seen, [
    'GET',
    '/behind/v1/secret/data/a%20b/%C3%BC%23?version=2',
    'tok',
    'team/sub',
    '60s',
    'true',
  ])
  assert.equal(answer.size, 0)
})

test('a standby’s redirect is followed with the token, as often as a cluster needs', async t => {
  const tokens: unknown[] = []
  const active = await listening(t, ({ url, headers }, response) => {
    tokens.push(headers['x-vault-token'])
    response.end(JSON.stringify({ data: { url } }))
  })
  const standby = await listening(t, ({ url }, response) =>
    response.writeHead(307, { location: `${active}${url}` }).end(),
  )
  const answer = await clientOf(t, standby)({ method: 'PUT', path: 'a?b=c', token: 'tok', body: new Map() })
  assert.deepEqual(answer.get('data'), new Map([['url', '/v1/a?b=c']]))
  assert.deepEqual(tokens, ['tok'])
})

test('servers that send us to each other end it', async t => {
  let requests = 0
  const url = await listening(t, ({ url }, response) => {
    requests++
    response.writeHead(307, { location: url }).end()
  })
  await assert.rejects(clientOf(t, url)({ method: 'GET', path: 'a' }), VaultError)
  assert.equal(requests, 3)
})

test('a secured server does not send the token to a plain connection, or to what is no address', async t => {
  const tokens: unknown[] = []
  const plain = await listening(t, ({ headers }, response) => {
    tokens.push(headers['x-vault-token'])
    response.end('{}')
  })
  const locations = [`${plain}/v1/a`, 'ftp://127.0.0.1/', 'https://[']
  const secured = await listening(
    t,
    (_, response) => response.writeHead(307, { location: locations.shift()! }).end(),
    new Authority().issue('vault', ['127.0.0.1']),
  )
  const request = clientOf(t, secured)
  for (let times = locations.length; times > 0; times--)
    await assert.rejects(request({ method: 'GET', path: 'a', token: 'tok' }), /cannot be trusted/)
  assert.deepEqual(tokens, [])
})

test('what a server says of a refusal is told in one line, without a token, and not at any length', async t => {
  const errors = ['1 error occurred:\n\t* bad token hvs.CAESIJ0123456789abcdefghij\n\n', 'x'.repeat(5000), 7]
  const url = await listening(t, (_, response) => response.writeHead(400).end(JSON.stringify({ errors })))
  await assert.rejects(clientOf(t, url)({ method: 'GET', path: 'a' }), (error: VaultError) => {
    assert.match(error.message, /^GET a: bad token <token>; x+ \(400\)$/)
    return error.message.length < 600 && error.failure === 'invalid'
  })
})

test('a status means the same whoever sends it', () => {
  const meanings: readonly [number, string, string][] = [
    [400, 'lease not found', 'lost'],
    [403, 'permission denied', 'forbidden'],
    [401, '', 'forbidden'],
    [404, '', 'missing'],
    [405, 'unsupported operation', 'invalid'],
    [412, '', 'unavailable'],
    [429, '', 'unavailable'],
    [473, '', 'unavailable'],
    [500, '', 'unavailable'],
    [501, '', 'sealed'],
    [503, 'Vault is sealed', 'sealed'],
    [503, '', 'unavailable'],
  ]
  for (const [status, words, meaning] of meanings)
    assert.equal(failureOf(status, words), meaning, `${status} ${words}`)
})
