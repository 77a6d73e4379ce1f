import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counts, Load } from './load.ts'
import { type Mood, MoodyBackend } from './moody-backend.ts'
import { ProxySidecar } from './proxy-sidecar.ts'

const TROUBLE: readonly Mood[] = ['killed', 'hung', 'slow', 'reset', 'error', 'nonsense']
const CLIENTS = 16
/** Answers for which each trouble lasts. */
const EACH = 250

async function backends(count: number, scope: AsyncDisposableStack): Promise<MoodyBackend[]> {
  const all = await Promise.all(Array.from({ length: count }, () => MoodyBackend.start()))
  for (const one of all) scope.use(one)
  return all
}

const upstream = (backs: readonly MoodyBackend[], more: object = {}) => ({
  endpoints: backs.map(({ address }) => ({ address })),
  connectTimeout: '2s',
  outlierDetection: {
    consecutiveErrors: 3,
    baseEjectionTime: '500ms',
    ejectionJitter: '0s',
    maxEjectionPercent: 50,
  },
  retryBudget: { percent: 100, minConcurrent: CLIENTS },
  ...more,
})
const front = { name: 'front', listen: '127.0.0.1:0', upstream: 'back' }
const retrying = { ...front, tryTimeout: '2s', retry: { attempts: 3, codes: [503], backoff: '5ms' } }

test('while one backend of four is in trouble, every request that may be repeated is served', {
  timeout: 60_000,
}, async t => {
  await using scope = new AsyncDisposableStack()
  const backs = await backends(4, scope)
  const sidecar = scope.use(
    await ProxySidecar.start({ listeners: [retrying], upstreams: { back: upstream(backs) } }),
  )
  const port = await sidecar.listens()
  await using load = new Load(() => port, CLIENTS, ['GET', 'GET', 'GET', 'POST'])
  for (const [turn, mood] of TROUBLE.entries()) {
    const back = backs[turn % backs.length]!
    await back.become(mood)
    await load.more(EACH)
    await back.become('good')
    await load.more(EACH / 5)
  }
  const outcomes = await load.end()
  t.diagnostic(JSON.stringify(counts(outcomes)))
  t.diagnostic(
    `retries ${await sidecar.metric('outrigger_proxy_retries_total')}, ejections ${await sidecar.metric('outrigger_proxy_cluster_ejections_total')}`,
  )
  const failed = outcomes.filter(({ method, status }) => method === 'GET' && status !== 200)
  assert.deepEqual(failed.slice(0, 5), [], `${failed.length} requests failed\n${sidecar.tail}`)
  const often = (id: string) => backs.reduce((sum, { seen }) => sum + (seen.get(id) ?? 0), 0)
  const repeated = outcomes.filter(
    ({ id, method, status }) => method === 'POST' && status !== 200 && often(id) > 1,
  )
  // A POST is repeated only after an answer that the configuration names, here 503.
  assert.deepEqual(repeated, [])
  assert.ok((await sidecar.metric('outrigger_proxy_cluster_ejections_total')) > 0)
  assert.equal(await sidecar.metric('outrigger_proxy_requests_in_flight'), 0)
  assert.equal(sidecar.strange, '')
})

test('when all backends are in trouble each request fails once, with its code, and service is back with them', {
  timeout: 60_000,
}, async t => {
  await using scope = new AsyncDisposableStack()
  const backs = await backends(3, scope)
  const sidecar = scope.use(
    await ProxySidecar.start({
      listeners: [{ ...front, tryTimeout: '300ms' }],
      upstreams: { back: upstream(backs, { outlierDetection: undefined }) },
    }),
  )
  const port = await sidecar.listens()
  const expected: Readonly<Record<string, RegExp>> = {
    killed: /^GET (?:200|502 upstream_connect_failed|502 upstream_reset)$/,
    hung: /^GET (?:200|504 timeout)$/,
    reset: /^GET (?:200|502 upstream_reset)$/,
    nonsense: /^GET (?:200|502 upstream_malformed)$/,
    cut: /^GET (?:200|0 (?:cut|ECONNRESET))$/,
    error: /^GET (?:200|503)$/,
  }
  for (const mood of Object.keys(expected) as Mood[]) {
    await using load = new Load(() => port, 4)
    await Promise.all(backs.map(back => back.become(mood)))
    await load.more(40)
    await Promise.all(backs.map(back => back.become('good')))
    await load.more(20)
    const told = counts(await load.end())
    t.diagnostic(`${mood}: ${JSON.stringify(told)}`)
    for (const kind of Object.keys(told)) assert.match(kind, expected[mood]!, mood)
    assert.ok(told['GET 200']! >= 8, mood)
    assert.ok(Object.keys(told).length > 1, `${mood} was seen`)
  }
  assert.equal(await sidecar.metric('outrigger_proxy_requests_in_flight'), 0)
})
