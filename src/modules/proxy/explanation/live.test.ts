import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHttpClient } from '../../../http/client/client.ts'
import { listen } from '../../../http/raw-peer-fake.ts'
import { createHttpServer } from '../../../http/server/server.ts'
import { RouteTable } from '../../../kernel/admin/routes.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { type EchoBackend, echoBackend, ask as request } from '../echo-fake.ts'
import { decodedProxy, startConfigured } from '../proxy-fake.ts'
import { route, to } from '../routed-fake.ts'
import type { Explanation } from './explanation.ts'
import { explanationLines } from './lines.ts'
import { serveExplanations } from './serve.ts'

/** Serves the admin routes, and asks them. */
async function asked(stack: AsyncDisposableStack, routes: RouteTable) {
  const admin = createHttpServer({
    clock: systemClock(),
    handler: (request, response) => routes.find(request.path)!.methods[request.method]!(request, response),
  })
  const { port, server } = await listen(admin.accept)
  const client = createHttpClient({ origin: new URL(`http://127.0.0.1:${port}`), clock: systemClock() })
  stack.defer(() => {
    client.close()
    admin.close()
    server.close()
  })
  return async (question: unknown) => {
    const body = Buffer.from(typeof question === 'string' ? question : JSON.stringify(question))
    const answer = await client.request({ method: 'POST', path: '/proxy/explain', body })
    const text = (await answer.body.bytes(1024 * 1024)).toString()
    return { status: answer.status, answer: JSON.parse(text) as Explanation & { error?: string } }
  }
}

/** A proxy before three backends, which answer with their names. */
async function setUp(stack: AsyncDisposableStack, upstream: object = {}) {
  const backends: EchoBackend[] = []
  for (const name of ['one', 'two', 'three'])
    backends.push(
      stack.use(
        await echoBackend(name, (response, { path }) => {
          if (path === '/hold') response.start(200, {}).flush()
          else response.send(200, {}, name)
        }),
      ),
    )
  const endpoints = backends.map(({ address }) => ({ address }))
  const proxy = await startConfigured(
    decodedProxy({
      namespace: 'shop',
      listeners: [
        {
          name: 'front',
          listen: '127.0.0.1:0',
          routed: {},
          limits: [{ name: 'few', rate: '10/h' }],
        },
        { name: 'way', listen: '127.0.0.1:0', forward: { allow: ['127.0.0.1'] } },
      ],
      upstreams: {
        'stock.shop:80': { endpoints, balancing: 'round_robin', ...upstream },
        'spare.shop:80': { discovery: { dns: { name: 'spare.test', port: 80 } } },
      },
      routes: [
        route({ rules: [{ backendRefs: [to('stock', 9), to('spare')] }] }),
        route({
          name: 'stock',
          parents: [{ kind: 'Service', name: 'stock' }],
          rules: [{ backendRefs: [to('stock')] }],
        }),
      ],
    }),
  )
  stack.use(proxy)
  const get = (path = '/') => request(proxy.port, `GET http://stock${path}`)
  return { proxy, backends, get, ask: await asked(stack, proxy.host.routes) }
}

test('a running sidecar says where the next request goes, and that is where it goes, however often it is asked', async () => {
  await using stack = new AsyncDisposableStack()
  const { ask, get, backends } = await setUp(stack)
  await get()
  for (let time = 0; time < 4; time++) {
    const answers = [await ask({ line: 'GET http://stock/' }), await ask({ line: 'GET http://stock/' })]
    const [upstream] = answers[0]!.answer.upstreams
    assert.deepEqual(answers[1]!.answer.upstreams[0]!.next, upstream!.next)
    const { endpoint, certain, why } = upstream!.next!
    assert.deepEqual([certain, why], [true, 'it is its turn'])
    const meant = ['one', 'two', 'three'][backends.findIndex(({ address }) => address === endpoint)]!
    assert.equal((await get()).body, meant)
  }
})

test('it tells the state of each endpoint, what is in use and what limits have left', async () => {
  await using stack = new AsyncDisposableStack()
  const { ask, get } = await setUp(stack)
  for (let time = 0; time < 3; time++) await get()
  const { status, answer } = await ask({ line: 'GET http://stock/' })
  assert.equal(status, 200)
  const [upstream] = answer.upstreams
  assert.deepEqual(
    upstream!.endpoints.map(({ state, active, share }) => [state, active, share.toFixed(2)]),
    Array(3).fill(['usable', 0, '0.33']),
  )
  assert.equal(upstream!.breakers!.requests.inUse, 0)
  assert.match(answer.limits[0]!, /^limit "few" .* 7 left$/)
  const said = explanationLines(answer).join('\n')
  assert.match(said, /^ {2}endpoint {3}127\.0\.0\.1:\d+ {2}usable {3}33\.3 %, 0 under way, about [\d.]+ ms$/m)
  assert.match(said, /^ {2}in use {5}connections \d of 1024, pending 0 of 1024, requests 0 of 1024/m)
})

test('it knows who is ejected, and leaves backends closed that nobody uses', async () => {
  await using stack = new AsyncDisposableStack()
  const { ask, get, proxy, backends } = await setUp(stack, {
    outlierDetection: { consecutiveErrors: 1 },
    panicThreshold: 0,
  })
  const [gone] = backends
  gone![Symbol.dispose]()
  for (let time = 0; time < 3; time++) await get()
  const { answer } = await ask({ line: 'GET http://checkout/' })
  const [stock, spare] = answer.upstreams
  const states = Object.fromEntries(stock!.endpoints.map(each => [each.endpoint, [each.state, each.share]]))
  assert.deepEqual(states[gone!.address], ['ejected', 0])
  assert.equal(stock!.endpoints.filter(({ state }) => state === 'usable').length, 2)
  assert.deepEqual([stock!.share, spare!.share], [0.9, 0.1])
  assert.match(spare!.notes.join(), /nobody uses it now/)
  assert.equal(
    proxy.host.metric('cluster_discoveries_total', { cluster: 'spare.shop:80', result: 'found' }),
    undefined,
  )
  assert.equal('spare.shop:80' in (proxy.running.health().parts ?? {}), false)
})

test('it says that a breaker is open', async () => {
  await using stack = new AsyncDisposableStack()
  const { ask, get, backends } = await setUp(stack, { circuitBreakers: { maxRequests: 1 } })
  get('/hold').catch(() => {})
  await Promise.race(backends.map(backend => backend.has(1)))
  const { answer } = await ask({ line: 'GET http://stock/' })
  assert.equal(answer.upstreams[0]!.failure, 'circuit_open')
  assert.equal(answer.passes, false)
  assert.match(explanationLines(answer).join('\n'), /requests 1 of 1 \(open\)/)
})

test('it says where a forward proxy would go, and from whom it would not take it', async () => {
  await using stack = new AsyncDisposableStack()
  const { ask, backends } = await setUp(stack)
  const line = `GET http://${backends[0]!.address}/`
  const taken = await ask({ line, listener: 'way' })
  assert.equal(taken.answer.by, 'forward')
  assert.equal(taken.answer.upstreams[0]!.endpoints[0]!.endpoint, backends[0]!.address)
  assert.equal(taken.answer.passes, true)
  const refused = await ask({ line: 'CONNECT 10.0.0.1:443' })
  assert.equal(refused.answer.isDenied, true)
  assert.equal(refused.answer.destination, 'denied: no rule allows CONNECT to 10.0.0.1:443')
})

test('what is no question is 400, and few are answered at one time', async () => {
  await using stack = new AsyncDisposableStack()
  const { ask } = await setUp(stack)
  for (const [question, told] of [
    ['{', /expected a JSON object/],
    ['[]', /expected a mapping/],
    [{ line: 'GET http://a/', heads: [] }, /^heads: unknown option/],
    [{ line: 'nonsense' }, /^expected a request such as/],
    [{ line: 'GET http://a/', listener: 'nobody' }, /there are front, way$/],
  ] as const) {
    const { status, answer } = await ask(question)
    assert.equal(status, 400)
    assert.match(answer.error!, told)
  }
  const routes = new RouteTable()
  const waiting: (() => void)[] = []
  serveExplanations(
    routes.forModule('proxy', stack),
    () => new Promise(resolve => waiting.push(() => resolve({ wrong: 'late' }))),
  )
  const busy = await asked(stack, routes)
  const all = Array.from({ length: 5 }, () => busy({ line: 'GET http://a/' }))
  const first = await Promise.race(all)
  assert.equal(first.status, 503)
  while (waiting.length < 4) await new Promise(setImmediate)
  for (const go of waiting) go()
  assert.deepEqual((await Promise.all(all)).map(({ status }) => status).sort(), [400, 400, 400, 400, 503])
})
