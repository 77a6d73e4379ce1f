import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { createHttpClient } from '../../../../http/client/client.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { frameMessage } from '../../../../wire/grpc/message.ts'
import { decodeStatus } from '../../../../wire/grpc/status.ts'
import { encodeRequest, type JsonRequest, type JsonValue } from '../../../../wire/otlp/logs/request-fake.ts'
import { EXPORT_METHOD } from '../../../../wire/otlp/logs/service.ts'
import { ProtobufReader } from '../../../../wire/protobuf/reader.ts'
import { type FakeInputOptions, fakeInputHost } from '../input-fakes.ts'
import { otlpInputFields } from './config.ts'
import { startOtlp } from './otlp.ts'

const schema = s.object(otlpInputFields, { about: 'The options of the input.' })

async function started(t: TestContext, config: object = {}, options: Partial<FakeInputOptions> = {}) {
  const host = fakeInputHost({ kind: 'otlp', ...options })
  t.after(() => host.close())
  const decoded = schema.decode(config)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  await startOtlp(decoded.value, host)
  const url = `http://127.0.0.1:${host.ports[0]}`
  const post = (body: string | Uint8Array<ArrayBuffer>, type: string, headers = {}, path = '/v1/logs') =>
    fetch(url + path, { method: 'POST', body, headers: { 'content-type': type, ...headers } })
  const texts = () => host.taken.map(({ text }) => text)
  return { host, url, post, texts }
}

const logs = (...messages: string[]): JsonRequest => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeLogs: [
        {
          logRecords: messages.map(stringValue => ({
            timeUnixNano: '1700000000000000000',
            body: { stringValue },
          })),
        },
      ],
    },
  ],
})
const deep = (levels: number): JsonValue =>
  levels === 0 ? { stringValue: 'x' } : { arrayValue: { values: [deep(levels - 1)] } }
const partly: JsonRequest = {
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: deep(20) }, { body: { stringValue: 'x' } }] }] }],
}
const PROTOBUF = 'application/x-protobuf'
const JSON_TYPE = 'application/json'
const record = (message: string) => `{"message":"${message}","resource":{"service.name":"shop"}}`

for (const [name, type, body, headers] of [
  ['protobuf', PROTOBUF, encodeRequest(logs('a', 'b')), {}],
  ['compressed protobuf', PROTOBUF, gzipSync(encodeRequest(logs('a', 'b'))), { 'content-encoding': 'gzip' }],
  ['JSON', `${JSON_TYPE}; charset=utf-8`, JSON.stringify(logs('a', 'b')), {}],
] as [string, string, string | Buffer<ArrayBuffer>, object][]) {
  test(`takes ${name}, and answers with an empty response of its kind`, async t => {
    const { post, host, texts } = await started(t)
    const answer = await post(body, type, headers)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), type.split(';')[0])
    assert.equal(await answer.text(), type === PROTOBUF ? '' : '{}')
    assert.deepEqual(texts(), [record('a'), record('b')])
    assert.deepEqual(
      [host.taken[0].timeMs, host.taken[0].tag, host.taken[0].path],
      [1_700_000_000_000, 'otlp', 'shop'],
    )
  })
}

test('the name of the service can be the tag', async t => {
  const { post, host } = await started(t, {}, { tag: 'app.*' })
  const two = { resourceLogs: [...logs('a').resourceLogs, { scopeLogs: [{ logRecords: [{}] }] }] }
  await post(JSON.stringify(two), JSON_TYPE)
  assert.deepEqual(
    host.taken.map(({ tag }) => tag),
    ['app.shop', 'app.unknown_service'],
  )
})

test('the field of the body can be named', async t => {
  const { post, texts } = await started(t, { bodyField: 'log' })
  await post(JSON.stringify(logs('a')), JSON_TYPE)
  assert.match(texts()[0], /^\{"log":"a"/)
})

test('records that cannot be taken are told as a partial success, the others are taken', async t => {
  const { post, host, texts } = await started(t)
  const json = await post(JSON.stringify(partly), JSON_TYPE)
  const reason = 'values are nested deeper than 16 levels'
  assert.deepEqual(
    [json.status, await json.json()],
    [200, { partialSuccess: { rejectedLogRecords: '1', errorMessage: reason } }],
  )
  const protobuf = await post(encodeRequest(partly), PROTOBUF)
  const response = new ProtobufReader(Buffer.from(await protobuf.arrayBuffer()))
  assert.ok(response.next())
  const partial = response.message()
  assert.ok(partial.next())
  assert.deepEqual([partial.tag, partial.varint()], [0x08, 1])
  assert.ok(partial.next())
  assert.deepEqual([partial.tag, partial.text()], [0x12, reason])
  assert.deepEqual(texts(), ['{"message":"x"}', '{"message":"x"}'])
  assert.equal(host.metric('http_rejected_records_total', { input: 'otlp' }), 2)
})

test('a resource that is repeated in each record does not multiply without end', async t => {
  const { post, host } = await started(t, { maxBody: '64KiB' })
  const resource = { attributes: [{ key: 'a', value: { stringValue: 'x'.repeat(20_000) } }] }
  const logRecords = Array.from({ length: 2000 }, () => ({}))
  const answer = await post(
    JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }),
    JSON_TYPE,
  )
  assert.match(await answer.text(), /"rejectedLogRecords":"1948".*take too much room/)
  assert.equal(host.taken.length, 52)
})

test('a record that is too large is refused', async t => {
  const { post, texts } = await started(t)
  const answer = await post(JSON.stringify(logs('x'.repeat(1 << 20), 'b')), JSON_TYPE)
  assert.match(await answer.text(), /"rejectedLogRecords":"1".*larger than 1 MiB/)
  assert.deepEqual(texts(), [record('b')])
})

for (const [name, status, code, path, body, headers = {}] of [
  ['malformed protobuf', 400, 3, '/v1/logs', Buffer.from('0aff', 'hex')],
  ['a body that is not of its coding', 400, 3, '/v1/logs', Buffer.from('x'), { 'content-encoding': 'gzip' }],
  ['metrics', 404, 12, '/v1/metrics', Buffer.alloc(0)],
  ['traces', 404, 12, '/v1/traces', Buffer.alloc(0)],
  ['too much', 413, 8, '/v1/logs', encodeRequest(logs('x'.repeat(20_000)))],
  ['who may not come in', 401, 16, '/v1/logs', encodeRequest(logs('a')), { authorization: 'Bearer other' }],
] as [string, number, number, string, Buffer<ArrayBuffer>, object?][]) {
  test(`${name}: ${status}, with a status in the encoding of the request`, async t => {
    const { post, texts } = await started(t, { maxBody: '16KiB', auth: { tokens: ['mine'] } })
    const known = { authorization: 'Bearer mine' }
    const answer = await post(body, PROTOBUF, { ...known, ...headers }, path)
    assert.equal(answer.status, status)
    assert.equal(answer.headers.get('content-type'), PROTOBUF)
    const decoded = decodeStatus(Buffer.from(await answer.arrayBuffer()))
    assert.equal(decoded?.code, code)
    assert.match(decoded?.message ?? '', /\w{3}/)
    const json = await post(
      status === 400 ? '{"resourceLogs":[' : body,
      JSON_TYPE,
      { ...known, ...headers },
      path,
    )
    assert.equal(json.status, status)
    assert.equal(((await json.json()) as { code: number }).code, code)
    assert.deepEqual(texts(), [])
  })
}

/** One call with grpc-js; what it heard. */
async function call(
  t: TestContext,
  port: number,
  message: Buffer,
  { method = EXPORT_METHOD, token, gzip = false }: { method?: string; token?: string; gzip?: boolean } = {},
): Promise<{ code: number; details: string; status?: Buffer; response?: Buffer }> {
  const client = new Client(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
    gzip ? { 'grpc.default_compression_algorithm': 2 } : {},
  )
  t.after(() => client.close())
  const metadata = new Metadata()
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  const same = (bytes: Buffer) => bytes
  return await new Promise(resolve =>
    client.makeUnaryRequest(
      method,
      same,
      same,
      message,
      metadata,
      (error: ServiceError | null, response?: Buffer) => {
        const [status] = error?.metadata.get('grpc-status-details-bin') ?? []
        resolve({
          code: error?.code ?? 0,
          details: error?.details ?? '',
          ...(status && { status: status as Buffer }),
          ...(response && { response }),
        })
      },
    ),
  )
}

for (const gzip of [false, true]) {
  test(`takes gRPC on the same port and on another${gzip ? ', compressed' : ''}`, async t => {
    const { host, texts } = await started(t, { grpcListen: '127.0.0.1:0' })
    for (const port of host.ports) {
      const { code, response } = await call(t, port, encodeRequest(logs('a')), { gzip })
      assert.deepEqual([code, response?.length], [0, 0])
    }
    assert.deepEqual(texts(), [record('a'), record('a')])
  })
}

test('gRPC hears what is wrong in its own words', async t => {
  const { host, texts } = await started(t, { auth: { tokens: ['mine'] }, maxBody: '16KiB' })
  const port = host.ports[0]
  const good = encodeRequest(logs('a'))
  assert.equal((await call(t, port, good)).code, 16)
  assert.equal((await call(t, port, Buffer.from('0aff', 'hex'), { token: 'mine' })).code, 3)
  assert.equal((await call(t, port, encodeRequest(logs('x'.repeat(20_000))), { token: 'mine' })).code, 8)
  const other = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
  const unknown = await call(t, port, good, { token: 'mine', method: other })
  assert.deepEqual([unknown.code, unknown.details.includes('only logs')], [12, true])
  assert.deepEqual(texts(), [])
  const partial = await call(t, port, encodeRequest(partly), { token: 'mine' })
  assert.equal(partial.code, 0)
  assert.match(partial.response?.toString() ?? '', /deeper than 16/)
})

test('while there is no room, gRPC is told when to come again', async t => {
  const { host } = await started(t, {}, { budgetBytes: 20 * 1024 })
  const spool = Promise.withResolvers<void>()
  host.gate = spool.promise
  const first = call(t, host.ports[0], encodeRequest(logs('a')))
  while (host.budget.usedBytes === 0) await new Promise(setImmediate)
  const { code, status } = await call(t, host.ports[0], encodeRequest(logs('b')))
  assert.equal(code, 14)
  assert.equal(decodeStatus(status!)?.retryAfterMs, 2000)
  spool.resolve()
  assert.equal((await first).code, 0)
})

test('bodies that are no message of gRPC are refused', async t => {
  const { host, url } = await started(t)
  const client = createHttpClient({ origin: new URL(url), clock: systemClock(), protocol: 'http2' })
  t.after(() => client.close())
  const message = frameMessage(encodeRequest(logs('a')))
  for (const body of [
    Buffer.alloc(0),
    message.subarray(0, 4),
    message.subarray(0, -1),
    Buffer.concat([message, message]),
    Buffer.concat([Buffer.of(2), message.subarray(1)]),
    Buffer.concat([Buffer.of(1), message.subarray(1)]),
  ]) {
    const answer = await client.request({
      method: 'POST',
      path: EXPORT_METHOD,
      headers: { 'content-type': 'application/grpc', te: 'trailers' },
      body,
    })
    await answer.body.bytes(1000)
    assert.deepEqual([answer.status, answer.body.trailers?.get('grpc-status')], [200, '3'])
  }
  assert.deepEqual(host.taken, [])
})
