import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { Secret } from '../../../../kernel/config/secret.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import type { SourceFailure } from '../source.ts'
import { openVaultSource } from './source.ts'

const TOKEN = 'hvs.MARKEDMARKEDMARKEDMARKED'
const LARGEST_DATE_MS = 8.64e15

/** A source of a server that lets us in, and answers for a secret as it likes. */
async function world(t: TestContext, answer: (response: ServerResponse, url: string) => void) {
  const server = createServer((request, response) => {
    const { url = '' } = request
    const known = url.includes('lookup-self')
      ? { data: { id: TOKEN, ttl: 0, policies: ['root'], renewable: false, num_uses: 0 } }
      : url.includes('internal/ui/mounts')
        ? { data: { path: 'db/', type: 'database', options: null } }
        : undefined
    if (known === undefined) answer(response, url)
    else response.end(JSON.stringify(known))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const host = fakeHost({ clock: systemClock() })
  t.after(async () => {
    await host.close()
    server.closeAllConnections()
    server.close()
  })
  return await openVaultSource(
    {
      address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      auth: { kind: 'token', config: { token: new Secret(TOKEN) } },
      timeoutMs: 2000,
      loginBackoff: { minMs: 100, maxMs: 1000 },
      limit: { requestsPerSecond: 1000, burst: 1000, connections: 4 },
    },
    {
      ...host,
      name: 'vault',
      key: 'vault',
      random: Math.random,
      bases: new Map(),
      measure: { login: () => {} },
    },
  )
}

const never = new AbortController().signal
const json =
  (value: unknown, status = 200, headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end(JSON.stringify(value))
const text =
  (body: string, status = 200) =>
  (response: ServerResponse) =>
    void response.writeHead(status).end(body)

const REFUSALS: [string, (response: ServerResponse, url: string) => void, string, RegExp][] = [
  ['too many requests', json({ errors: ['slow'] }, 429), 'unavailable', /slow \(429\)/],
  ['a server that is behind', json({ errors: [] }, 412), 'unavailable', /412/],
  ['a standby for recovery', json({}, 472), 'unavailable', /472/],
  ['a standby for performance', json({}, 473), 'unavailable', /473/],
  ['a page of a load balancer', text('<html>Bad Gateway</html>', 502), 'unavailable', /502/],
  ['a page in place of an answer', text('<html>log in</html>'), 'unavailable', /not answer as a Vault does/],
  ['JSON that is cut', text('{"data":{"a":'), 'unavailable', /not answer as a Vault does/],
  [
    'JSON of thousands of levels',
    text(`{"data":${'['.repeat(50_000)}`),
    'unavailable',
    /not answer as a Vault/,
  ],
  ['a list', json([1]), 'unavailable', /not answer as a Vault does/],
  ['nothing', text('', 204), 'missing', /holds no data/],
  ['an object without data', json({}), 'missing', /holds no data/],
  ['data that is none', json({ data: null }), 'missing', /holds no data/],
  ['data that is a list', json({ data: [1] }), 'missing', /holds no data/],
  ['our own token', json({ errors: [`bad ${TOKEN}`] }, 400), 'invalid', /bad <token>/],
  [
    'the same address again and again',
    (response, url) => void response.writeHead(307, { location: url }).end(),
    'unavailable',
    /sends us on and on/,
  ],
  [
    'an address of another kind',
    response => void response.writeHead(307, { location: 'nope://x' }).end(),
    'unavailable',
    /cannot be trusted/,
  ],
  [
    'an answer without end',
    response => {
      const timer = setInterval(() => response.write('x'.repeat(1 << 20)), 1)
      response.on('close', () => clearInterval(timer))
    },
    'unavailable',
    /larger than/,
  ],
  [
    'an answer that stops',
    response => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"data"')
      setTimeout(() => response.destroy(), 20)
    },
    'unavailable',
    /before the response was complete/,
  ],
]
for (const [what, answer, reason, words] of REFUSALS)
  test(`a server that answers with ${what} gives no value, and it is said`, async t => {
    const source = await world(t, answer)
    await assert.rejects(source.fetch({ path: 'db/creds/app' }, never), (failure: SourceFailure) => {
      assert.equal(failure.reason, reason, failure.message)
      assert.match(failure.message, words)
      assert.doesNotMatch(failure.message, /MARKED/)
      return true
    })
  })

test('how long we are to wait is taken from the refusal', async t => {
  const source = await world(t, json({ errors: [] }, 429, { 'retry-after': '7' }))
  await assert.rejects(source.fetch({ path: 'db/creds/app' }, never), { retryAfterMs: 7000 })
})

for (const [seconds, kind] of [
  ['0', 'static'],
  ['-5', 'static'],
  ['"60"', 'static'],
  ['1.5', 'leased'],
  ['1e300', 'leased'],
  ['99999999999999999999999', 'leased'],
] as const)
  test(`a lease of ${seconds} seconds is ${kind}, and ends at a time that there is`, async t => {
    const source = await world(
      t,
      text(`{"lease_id":"a/b","renewable":true,"lease_duration":${seconds},"data":{"a":"b"}}`),
    )
    const { timing } = await source.fetch({ path: 'db/creds/app' }, never)
    assert.equal(timing.kind, kind)
    if (timing.kind === 'leased')
      assert.ok(timing.lease.grantedAtMs + timing.lease.durationMs < LARGEST_DATE_MS)
  })
