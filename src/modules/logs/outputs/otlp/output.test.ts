import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { startFakeHttp } from '../../../../../test/fakes/http/server.ts'
import { type ExportRequest, encode, type LogRecord } from '../../../../../test/fakes/otlp/messages.ts'
import { otlpRule, readRequest, startFakeOtlpGrpc } from '../../../../../test/fakes/otlp/receiver.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { fakeInputHost } from '../../inputs/input-fakes.ts'
import { otlpInputFields } from '../../inputs/otlp/config.ts'
import { startOtlp } from '../../inputs/otlp/otlp.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { checkOtlp, otlpConfig } from './config.ts'
import { openOtlp } from './output.ts'

const never = new AbortController().signal
const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const

function decode(fields: object) {
  const decoded = otlpConfig.decode(fields)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function opened(t: TestContext, fields: object) {
  const host = fakeOutputHost({ kind: 'otlp', clock: systemClock() })
  t.after(() => host.close())
  const output = await openOtlp(decode(fields), host)
  return { host, output, send: (...slices: Parameters<typeof output.send>[0]) => output.send(slices, never) }
}

/** What a receiver got of these records. */
async function received(
  t: TestContext,
  protocol: (typeof PROTOCOLS)[number],
  fields: object,
  records: readonly (object | string | Buffer)[],
) {
  const requests: ExportRequest[] = []
  const fake =
    protocol === 'grpc'
      ? await startFakeOtlpGrpc({ onRequest: request => void requests.push(request) })
      : await startFakeHttp({
          rule: otlpRule(),
          onRequest: request => void requests.push(readRequest(request)),
        })
  t.after(() => fake.close())
  const { send } = await opened(t, { url: fake.url, protocol, ...fields })
  assert.deepEqual(await send(fakeSlice(records)), { kind: 'done' })
  return requests
}

function logRecords(requests: readonly ExportRequest[]): LogRecord[] {
  return requests.flatMap(({ resourceLogs = [] }) =>
    resourceLogs.flatMap(({ scopeLogs = [] }) => scopeLogs.flatMap(({ logRecords = [] }) => logRecords)),
  )
}

const full = {
  message: 'card declined',
  level: 'Warning',
  trace_id: '5B8EFFF798038103D269B633813FC60C',
  span_id: 'eee19b7ec3c1b174',
  trace_flags: 1,
  event_name: 'declined',
  attributes: { order: 7 },
  resource: { 'service.name': 'shop' },
  scope: { name: 'billing', version: '1', attributes: { a: true } },
  user: { id: 9007199254740993n, tags: ['a', null, 1.5] },
}
const fullText = JSON.stringify(full, (_, value) => (typeof value === 'bigint' ? 'BIG' : value)).replace(
  '"BIG"',
  '9007199254740993',
)

for (const protocol of PROTOCOLS) {
  test(`a record's fields become what OTLP knows, by ${protocol}`, async t => {
    const [request] = await received(t, protocol, {}, [fullText])
    assert.deepEqual(request, {
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          scopeLogs: [
            {
              scope: {
                name: 'billing',
                version: '1',
                attributes: [{ key: 'a', value: { boolValue: true } }],
              },
              logRecords: [
                {
                  timeUnixNano: '1767323045006000000',
                  severityNumber: 13,
                  severityText: 'Warning',
                  body: { stringValue: 'card declined' },
                  attributes: [
                    { key: 'order', value: { intValue: '7' } },
                    {
                      key: 'user',
                      value: {
                        kvlistValue: {
                          values: [
                            { key: 'id', value: { intValue: '9007199254740993' } },
                            {
                              key: 'tags',
                              value: {
                                arrayValue: { values: [{ stringValue: 'a' }, {}, { doubleValue: 1.5 }] },
                              },
                            },
                          ],
                        },
                      },
                    },
                  ],
                  flags: 1,
                  traceId: '5b8efff798038103d269b633813fc60c',
                  spanId: 'eee19b7ec3c1b174',
                  eventName: 'declined',
                },
              ],
            },
          ],
        },
      ],
    })
  })

  test(`what goes out by ${protocol} comes in again as it was`, async t => {
    const input = fakeInputHost({ kind: 'otlp' })
    t.after(() => input.close())
    const config = s.object(otlpInputFields, { about: 'The input.' }).decode({})
    assert.ok(config.ok)
    await startOtlp(config.value, input)
    const { send } = await opened(t, { url: `http://127.0.0.1:${input.ports[0]}`, protocol })
    const value = fc.letrec(tie => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter(n => !Number.isInteger(n)),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie('any'), { maxKeys: 3 }),
      ),
    })).any
    const body = fc.dictionary(
      fc
        .string()
        .filter(
          key =>
            !/^(message|attributes|resource|scope|level|severity.*|trace.*|span_id|event_name)$/.test(key),
        ),
      value,
      { maxKeys: 5 },
    )
    const named = [[{ name: 0, version: 'v1' }, {}]] as [Record<string, unknown>[]]
    await fc.assert(
      fc.asyncProperty(fc.array(body, { minLength: 1, maxLength: 5 }), async records => {
        input.taken.length = 0
        assert.deepEqual(await send(fakeSlice(records)), { kind: 'done' })
        assert.deepEqual(
          input.taken.map(({ text }) => JSON.parse(text)),
          records.map(record => JSON.parse(JSON.stringify(record))),
        )
        input.taken.forEach(
          ({ timeMs }, i) => void assert.equal(timeMs, Date.UTC(2026, 0, 2, 3, 4, 5, 6 + i)),
        )
      }),
      { numRuns: 50, examples: [named] },
    )
    input.taken.length = 0
    await send(fakeSlice([fullText]))
    const { level, user, attributes, trace_id, ...rest } = JSON.parse(fullText)
    assert.deepEqual(JSON.parse(input.taken[0].text), {
      ...rest,
      severity_text: level,
      severity_number: 13,
      trace_id: trace_id.toLowerCase(),
      attributes: { ...attributes, user },
    })
  })
}

test('records of the same resource and scope go together', async t => {
  const resource = { 'service.name': '{app|"none"}', 'host.name': '{gone}' }
  const requests = await received(t, 'http/protobuf', { resource }, [
    { app: 'a', n: 1 },
    { app: 'b', n: 2 },
    { app: 'a', n: 3 },
    { n: 4, resource: { 'service.name': 'own', x: 1 } },
  ])
  const groups = requests[0].resourceLogs?.map(({ resource, scopeLogs }) => [
    resource?.attributes?.map(({ key, value }) => `${key}=${Object.values(value ?? {})[0]}`).join(),
    scopeLogs?.[0].logRecords?.length,
  ])
  assert.deepEqual(groups, [
    ['service.name=a', 2],
    ['service.name=b', 1],
    ['service.name=own,x=1', 1],
  ])
})

for (const [what, fields, record, expected] of [
  [
    'the whole record as the body',
    { bodyField: '' },
    { message: 'x', a: 1 },
    {
      body: {
        kvlistValue: {
          values: [
            { key: 'message', value: { stringValue: 'x' } },
            { key: 'a', value: { intValue: '1' } },
          ],
        },
      },
    },
  ],
  [
    'a field inside an object as the body',
    { bodyField: 'log.text' },
    { log: { text: 'x' } },
    {
      body: { stringValue: 'x' },
      attributes: [
        { key: 'log', value: { kvlistValue: { values: [{ key: 'text', value: { stringValue: 'x' } }] } } },
      ],
    },
  ],
  ['nothing beside the body', { attributes: 'none' }, { message: 'x', a: 1 }, { body: { stringValue: 'x' } }],
  [
    'another field for the severity',
    { severityFields: ['lvl'] },
    { message: 'x', lvl: 'E', level: 'y' },
    {
      severityText: 'E',
      body: { stringValue: 'x' },
      attributes: [{ key: 'level', value: { stringValue: 'y' } }],
    },
  ],
  [
    'a number for the severity',
    {},
    { message: 'x', severity_number: 18 },
    { severityNumber: 18, body: { stringValue: 'x' } },
  ],
  [
    'ids that are none',
    {},
    { message: 'x', trace_id: 'abc', span_id: 5, trace_flags: -1 },
    {
      body: { stringValue: 'x' },
      attributes: [
        { key: 'trace_id', value: { stringValue: 'abc' } },
        { key: 'span_id', value: { intValue: '5' } },
        { key: 'trace_flags', value: { intValue: '-1' } },
      ],
    },
  ],
  [
    'numbers that are too large for 64 bits',
    {},
    '{"message":9223372036854775808}',
    {
      body: { doubleValue: 2 ** 63 },
    },
  ],
  [
    'names with escapes',
    {},
    '{"message":"x","a\\u0062\\n":{"\\"":"\\ud83d\\ude00"}}',
    {
      body: { stringValue: 'x' },
      attributes: [
        { key: 'ab\n', value: { kvlistValue: { values: [{ key: '"', value: { stringValue: '😀' } }] } } },
      ],
    },
  ],
] as [string, object, object | string, object][]) {
  test(`maps ${what}`, async t => {
    for (const protocol of PROTOCOLS) {
      const [record_] = logRecords(await received(t, protocol, fields, [record]))
      const { timeUnixNano, ...rest } = record_
      assert.deepEqual(
        JSON.parse(
          JSON.stringify(rest, (_, value) => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value)),
        ),
        expected,
      )
    }
  })
}

test('what is not UTF-8 is replaced and counted', async t => {
  const requests: ExportRequest[] = []
  const fake = await startFakeHttp({
    rule: otlpRule(),
    onRequest: request => void requests.push(readRequest(request)),
  })
  t.after(() => fake.close())
  const { send, host } = await opened(t, { url: fake.url })
  await send(fakeSlice([Buffer.from('{"message":"a\xff"}', 'latin1')]))
  assert.deepEqual(logRecords(requests)[0].body, { stringValue: 'a\ufffd' })
  assert.equal(host.invalid.count, 1)
})

test('values that are nested deeper than receivers take are sent as text', async t => {
  const deep = `${'['.repeat(100)}${']'.repeat(100)}`
  for (const protocol of PROTOCOLS) {
    const [record] = logRecords(await received(t, protocol, {}, [`{"message":${deep}}`]))
    assert.match(JSON.stringify(record.body), /"stringValue":"\[{85}\]{85}"/)
  }
})

for (const [name, fault, outcome] of [
  ['too much to do', { status: 429, headers: { 'retry-after': '7' } }, { kind: 'failed', afterMs: 7000 }],
  ['a bad gateway', { status: 502 }, { kind: 'failed' }],
  ['an overload', { status: 503, headers: { 'retry-after': '1' } }, { kind: 'failed', afterMs: 1000 }],
  ['a timeout of a gateway', { status: 504 }, { kind: 'failed' }],
  ['a wrong key', { status: 401 }, { kind: 'failed', refused: true }],
  ['a wrong path', { status: 404 }, { kind: 'failed', refused: true }],
  ['a redirect', { status: 302 }, { kind: 'failed', refused: true }],
  ['too large', { status: 413 }, { kind: 'too_large' }],
  ['a bad request', { status: 400 }, { kind: 'done', divide: true }],
  ['a fault of the receiver', { status: 500 }, { kind: 'done', divide: true }],
  ['a timeout of the receiver', { status: 408 }, { kind: 'done', divide: true }],
] as [string, { status: number; headers?: Record<string, string> }, Record<string, unknown>][]) {
  test(`by HTTP, ${name} (${fault.status}) is judged as the specification says`, async t => {
    const fake = await startFakeHttp({ rule: otlpRule() })
    t.after(() => fake.close())
    const { send } = await opened(t, { url: fake.url })
    fake.faults.add({ kind: 'status', ...fault })
    const { reason, divide, ...got } = (await send(fakeSlice([{ n: 1 }, { n: 2 }]))) as unknown as Record<
      string,
      unknown
    >
    assert.deepEqual({ ...got, ...(divide !== undefined && { divide: true }) }, outcome)
  })
}

for (const [name, answer, outcome] of [
  ['CANCELLED', { code: 1 }, { kind: 'failed' }],
  ['UNKNOWN', { code: 2 }, { kind: 'done', divide: true }],
  ['INVALID_ARGUMENT', { code: 3 }, { kind: 'done', divide: true }],
  ['DEADLINE_EXCEEDED', { code: 4 }, { kind: 'failed' }],
  ['PERMISSION_DENIED', { code: 7 }, { kind: 'failed', refused: true }],
  ['RESOURCE_EXHAUSTED', { code: 8 }, { kind: 'too_large' }],
  ['RESOURCE_EXHAUSTED with RetryInfo', { code: 8, retry: 3 }, { kind: 'failed', afterMs: 3000 }],
  ['ABORTED', { code: 10 }, { kind: 'failed' }],
  ['OUT_OF_RANGE', { code: 11 }, { kind: 'failed' }],
  ['UNIMPLEMENTED', { code: 12 }, { kind: 'failed', refused: true }],
  ['INTERNAL', { code: 13 }, { kind: 'done', divide: true }],
  ['UNAVAILABLE', { code: 14 }, { kind: 'failed' }],
  ['UNAVAILABLE with RetryInfo', { code: 14, retry: 2 }, { kind: 'failed', afterMs: 2000 }],
  ['DATA_LOSS', { code: 15 }, { kind: 'failed' }],
  ['UNAUTHENTICATED', { code: 16 }, { kind: 'failed', refused: true }],
] as [string, { code: number; retry?: number }, Record<string, unknown>][]) {
  test(`by gRPC, ${name} is judged as the specification says`, async t => {
    const { Metadata } = await import('@grpc/grpc-js')
    const metadata = new Metadata()
    if (answer.retry !== undefined) {
      const value = encode('RetryInfo', { retryDelay: { seconds: answer.retry } })
      const details = [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }]
      metadata.set('grpc-status-details-bin', encode('Status', { code: answer.code, details }))
    }
    const fake = await startFakeOtlpGrpc({
      answer: () => ({ code: answer.code, details: 'for a reason', metadata }),
    })
    t.after(() => fake.close())
    const { send } = await opened(t, { url: fake.url, protocol: 'grpc' })
    const { reason, divide, ...got } = (await send(fakeSlice([{ n: 1 }, { n: 2 }]))) as unknown as Record<
      string,
      unknown
    >
    assert.deepEqual({ ...got, ...(divide !== undefined && { divide: true }) }, outcome)
    assert.match(JSON.stringify([reason, divide ?? '']), /for a reason/)
  })
}

test('a partial success is done, told, and never sent again', async t => {
  const partial = { partialSuccess: { rejectedLogRecords: 3, errorMessage: 'too old' } }
  const json = await startFakeHttp({ rule: otlpRule() })
  const grpc = await startFakeOtlpGrpc({ answer: () => encode('ExportLogsServiceResponse', partial) })
  t.after(() => json.close())
  t.after(() => grpc.close())
  json.faults.add({ kind: 'text', body: JSON.stringify(partial) })
  for (const fields of [
    { url: json.url, protocol: 'http/json' },
    { url: grpc.url, protocol: 'grpc' },
  ]) {
    const { send, output, host } = await opened(t, fields)
    assert.deepEqual(await send(fakeSlice([{ n: 1 }])), { kind: 'done' })
    assert.deepEqual(output.health?.(), {
      ready: true,
      state: 'degraded',
      message: 'the receiver did not keep 3 records: too old',
    })
    assert.equal(host.log.records.filter(({ event }) => event === 'otlp_partial_success').length, 1)
  }
})

test('shows its token, its headers and the path of its URL', async t => {
  const seen: unknown[] = []
  const fake = await startFakeHttp({
    rule: ({ path, headers }) => {
      seen.push([path, headers.authorization, headers['x-scope'], headers['content-encoding']])
      return undefined
    },
  })
  t.after(() => fake.close())
  const more = { auth: { bearer: 'secret' }, headers: { 'X-Scope': 'a' }, compress: 'zstd' }
  const { send } = await opened(t, { url: `${fake.url}/otlp/v1/logs`, ...more })
  await send(fakeSlice([{ n: 1 }]))
  assert.deepEqual(seen, [['/otlp/v1/logs', 'Bearer secret', 'a', 'zstd']])
})

test('a request that would get too large is divided before it is sent', async t => {
  const { send } = await opened(t, { url: 'http://127.0.0.1:9', maxBody: '16KiB', protocol: 'http/json' })
  const slice = fakeSlice(Array.from({ length: 400 }, (_, n) => ({ n })))
  assert.equal((await send(slice)).kind, 'too_large')
  assert.equal(recordsOf([slice]).length, 400)
})

test('mistakes in its fields and templates are told with their place', () => {
  const problems = checkOtlp(
    decode({ url: 'http://a', bodyField: 'a.', resource: { a: '{' }, severityFields: ['x', ''] }),
  )
  assert.deepEqual(problems.map(({ path }) => path.join('.')).sort(), [
    'bodyField',
    'resource.a',
    'severityFields.1',
  ])
})
