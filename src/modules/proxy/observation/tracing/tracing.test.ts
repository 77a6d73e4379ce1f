import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { type RawBackend, rawBackend, startProxy } from '../../proxy-fake.ts'
import { type FakeCollector, fakeCollector } from './collector-fake.ts'

const OK = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\nhi'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

async function backend(t: TestContext): Promise<RawBackend> {
  const made = await rawBackend()
  t.after(() => made.close())
  return made
}

const traced = (collector: FakeCollector | undefined, more: object = {}) => ({
  tracing: {
    service: 'shop',
    sampleRatio: 1,
    ...(collector && { otlp: { url: collector.url, interval: '10ms' } }),
    ...more,
  },
})

const proxyWith = (back: RawBackend, whole: object, listener: object = {}) =>
  startProxy([back.address], { via: false, ...listener }, systemClock(), {}, whole)

/** What the backend hears of a request, which it answers. */
async function heard(proxy: Awaited<ReturnType<typeof startProxy>>, back: RawBackend, fields: string) {
  const client = await proxy.client()
  client.say(`GET /a?b=1&token=hush HTTP/1.1\r\nHost: shop.test\r\n${fields}\r\n`)
  const peer = await back.next()
  const text = await peer.hears(/\r\n\r\n/)
  peer.say(OK)
  await client.hears(/hi$/)
  return text
}

describe('a trace', () => {
  test('goes on with a span for the request and one for the try, which the backend hears of', async t => {
    await using collector = await fakeCollector()
    const back = await backend(t)
    await using proxy = await proxyWith(back, traced(collector))
    const text = await heard(
      proxy,
      back,
      `traceparent: 00-${TRACE}-${SPAN}-01\r\ntracestate: a=1\r\nX-Request-Id: 42\r\n`,
    )
    const spans = await collector.spans(2)
    const client = spans.find(({ kind }) => kind === 3)!
    const server = spans.find(({ kind }) => kind === 2)!
    assert.match(text, new RegExp(`\r\ntraceparent: 00-${TRACE}-${client.spanId}-01\r\ntracestate: a=1\r\n`))
    assert.equal(server.traceId, TRACE)
    assert.equal(server.parentSpanId, SPAN)
    assert.equal(server.traceState, 'a=1')
    assert.equal(client.traceId, TRACE)
    assert.equal(client.parentSpanId, server.spanId)
    assert.equal(server.name, 'GET')
    assert.ok(server.startNano <= client.startNano && client.endNano <= server.endNano)
    const port = Number(back.address.split(':')[1])
    assert.deepEqual(client.attributes, {
      'http.request.method': 'GET',
      'url.full': `http://${back.address}/a`,
      'server.address': '127.0.0.1',
      'server.port': port,
      'http.response.status_code': 200,
    })
    const { 'server.port': listenerPort, ...rest } = server.attributes
    assert.equal(typeof listenerPort, 'number')
    assert.deepEqual(rest, {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/a',
      'url.query': 'b=1&token=<redacted>',
      'server.address': 'shop.test',
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
      'http.request.body.size': 0,
      'http.response.body.size': 2,
      'outrigger.listener': 'front',
      'outrigger.upstream': 'back',
      'outrigger.request_id': '42',
    })
    assert.equal(collector.received[0]!.resource['service.name'], 'shop')
    await proxy.host.close()
    assert.equal(proxy.host.metric('spans_exported_total'), 2)
  })

  test('begins where there is none, in the format that is configured first', async t => {
    const back = await backend(t)
    await using proxy = await proxyWith(back, traced(undefined, { propagation: ['b3', 'w3c'] }))
    const text = await heard(proxy, back, '')
    assert.match(text, /\r\nb3: [0-9a-f]{32}-[0-9a-f]{16}-1\r\n/)
    assert.doesNotMatch(text, /traceparent/)
    assert.match(text, /\r\nX-Request-Id: [0-9a-f-]{36}\r\n/)
  })

  test('goes on in every format in which it came', async t => {
    const back = await backend(t)
    await using proxy = await proxyWith(back, traced(undefined))
    const text = await heard(
      proxy,
      back,
      `b3: ${TRACE}-${SPAN}-1\r\nX-B3-TraceId: ${TRACE}\r\nX-B3-SpanId: ${SPAN}\r\nX-B3-ParentSpanId: ${SPAN}\r\nX-B3-Sampled: 1\r\n`,
    )
    const [, span] = /\r\nb3: 4bf92f3577b34da6a3ce929d0e0e4736-([0-9a-f]{16})-1\r\n/.exec(text)!
    assert.notEqual(span, SPAN)
    assert.match(
      text,
      new RegExp(`\r\nX-B3-TraceId: ${TRACE}\r\nX-B3-SpanId: ${span}\r\nX-B3-Sampled: 1\r\n`),
    )
    assert.doesNotMatch(text, /ParentSpanId|traceparent/)
  })

  test('that is not recorded passes untouched', async t => {
    await using collector = await fakeCollector()
    const back = await backend(t)
    await using proxy = await proxyWith(back, traced(collector))
    const text = await heard(proxy, back, `traceparent: 00-${TRACE}-${SPAN}-00\r\n`)
    assert.match(text, new RegExp(`\r\ntraceparent: 00-${TRACE}-${SPAN}-00\r\n`))
    await proxy.host.close()
    assert.equal(collector.posts, 0)
  })

  test('that nobody chose to record says so to the backend', async t => {
    const back = await backend(t)
    await using proxy = await proxyWith(back, traced(undefined, { sampleRatio: 0 }))
    assert.match(await heard(proxy, back, ''), /\r\ntraceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00\r\n/)
  })

  test('that makes no sense is begun anew, and its state is not passed on', async t => {
    const back = await backend(t)
    await using proxy = await proxyWith(back, traced(undefined))
    const text = await heard(proxy, back, `traceparent: 00-${TRACE}-${SPAN}\r\ntracestate: a=1\r\n`)
    assert.match(text, /\r\ntraceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n/)
    assert.doesNotMatch(text, new RegExp(`${TRACE}|tracestate`))
  })

  test('has a span of its own for every try', async t => {
    await using collector = await fakeCollector()
    const back = await backend(t)
    await using proxy = await proxyWith(back, traced(collector), {
      retry: { attempts: 1, codes: [503], backoff: '1ms' },
    })
    const client = await proxy.client()
    client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const peer = await back.next()
    const first = /traceparent: (\S+)/.exec(await peer.hears(/\r\n\r\n/))![1]
    peer.forget()
    peer.say('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')
    const second = /traceparent: (\S+)/.exec(await peer.hears(/\r\n\r\n/))![1]
    peer.say(OK)
    await client.hears(/hi$/)
    assert.notEqual(first, second)
    const tries = (await collector.spans(3)).filter(({ kind }) => kind === 3)
    assert.deepEqual(
      tries.map(({ attributes, status }) => [
        attributes['http.response.status_code'],
        attributes['http.request.resend_count'],
        attributes['error.type'],
        status?.code,
      ]),
      [
        [503, undefined, '503', 2],
        [200, 1, undefined, undefined],
      ],
    )
  })

  test('says with its one code why a request failed', async t => {
    await using collector = await fakeCollector()
    const back = await backend(t)
    await using proxy = await proxyWith(back, traced(collector))
    const client = await proxy.client()
    client.say('BREW / HTTP/1.1\r\nHost: a\r\n\r\n')
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.socket.destroy()
    await client.hears(/upstream_reset/)
    const server = (await collector.spans(2)).find(({ kind }) => kind === 2)!
    assert.equal(server.attributes['error.type'], 'upstream_reset')
    assert.equal(server.attributes['http.request.method'], '_OTHER')
    assert.equal(server.attributes['http.request.method_original'], 'BREW')
    assert.equal(server.name, 'HTTP')
    assert.equal(server.status!.code, 2)
    assert.match(server.status!.message, /closed the connection/)
    const [record] = proxy.host.log.of('upstream_reset')
    assert.equal(record!.fields['trace_id'], server.traceId)
  })
})

describe('X-Request-Id', () => {
  for (const [mode, given, heardOf] of [
    ['generate', '', /\r\nX-Request-Id: [0-9a-f-]{36}\r\n/],
    ['generate', 'X-Request-Id: 42\r\n', /\r\nX-Request-Id: 42\r\n/],
    ['replace', 'X-Request-Id: 42\r\n', /\r\nX-Request-Id: [0-9a-f-]{36}\r\n/],
    ['keep', 'X-Request-Id: 42\r\n', /\r\nX-Request-Id: 42\r\n/],
    ['keep', '', /^(?![\s\S]*X-Request-Id)/],
    [undefined, '', /^(?![\s\S]*X-Request-Id)/],
  ] as const)
    test(`${mode ?? 'unless configured'}, ${given.trim() || 'without one'}`, async t => {
      const back = await backend(t)
      await using proxy = await proxyWith(back, mode === undefined ? {} : { requestId: mode })
      assert.match(await heard(proxy, back, given), heardOf)
    })
})
