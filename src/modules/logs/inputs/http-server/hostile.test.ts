import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { createHttpClient } from '../../../../http/client/client.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { type Schema, s } from '../../../../kernel/config/schema.ts'
import { frameMessage } from '../../../../wire/grpc/message.ts'
import { encodeRequest, type JsonRequest } from '../../../../wire/otlp/logs/request-fake.ts'
import { EXPORT_METHOD } from '../../../../wire/otlp/logs/service.ts'
import { elasticsearchInputFields } from '../elasticsearch/config.ts'
import { startElasticsearch } from '../elasticsearch/elasticsearch.ts'
import { httpFields } from '../http/config.ts'
import { startHttp } from '../http/http.ts'
import type { Input, InputHost } from '../input.ts'
import { fakeInputHost } from '../input-fakes.ts'
import { otlpInputFields } from '../otlp/config.ts'
import { startOtlp } from '../otlp/otlp.ts'
import { splunkInputFields } from '../splunk/config.ts'
import { startSplunk } from '../splunk/splunk.ts'

const request: JsonRequest = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeLogs: [
        {
          scope: { name: 'lib', version: '1', attributes: [{ key: 'a', value: { boolValue: true } }] },
          logRecords: [
            {
              timeUnixNano: '1700000000000000000',
              body: {
                kvlistValue: {
                  values: [{ key: 'a', value: { arrayValue: { values: [{ intValue: '1' }] } } }],
                },
              },
              attributes: [{ key: 'b', value: { doubleValue: 1.5 } }],
              traceId: '5b8efff798038103d269b633813fc60c',
            },
          ],
        },
      ],
    },
  ],
}

/** An input, and requests that it takes. */
interface Target {
  readonly name: string
  start(config: object, host: InputHost): Promise<Input>
  readonly requests: readonly { readonly path: string; readonly type: string; readonly body: Buffer }[]
}

function target<C>(
  name: string,
  schema: Schema<C>,
  start: (config: C, host: InputHost) => Promise<Input>,
  requests: readonly [path: string, type: string, body: string | Buffer][],
): Target {
  return {
    name,
    async start(config, host) {
      const decoded = schema.decode(config)
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
      return await start(decoded.value, host)
    },
    requests: requests.map(([path, type, body]) => ({ path, type, body: Buffer.from(body) })),
  }
}

const targets = [
  target('http', s.object(httpFields, { about: 'http' }), startHttp, [
    ['/a', 'application/json', '[{"a":1,"b":["x\\u00e4\\n",null]},{"tag":"t"}]'],
    ['/a', 'application/x-ndjson', '{"a":1}\n{"b":{"c":-1.5e3}}\n'],
    ['/a', 'application/x-www-form-urlencoded', 'a=b%20c&d=e'],
  ]),
  target('otlp', s.object(otlpInputFields, { about: 'otlp' }), startOtlp, [
    ['/v1/logs', 'application/x-protobuf', encodeRequest(request)],
    ['/v1/logs', 'application/json', JSON.stringify(request)],
    [EXPORT_METHOD, 'application/grpc', frameMessage(encodeRequest(request))],
  ]),
  target(
    'elasticsearch',
    s.object(elasticsearchInputFields, { about: 'elasticsearch' }),
    startElasticsearch,
    [
      [
        '/logs/_bulk',
        'application/x-ndjson',
        '{"index":{"_id":"1"}}\n{"a":1}\n{"delete":{"_id":"2"}}\n{"create":{}}\n{"@timestamp":"2026-01-01T00:00:00Z"}\n',
      ],
      ['/logs/_doc', 'application/json', '{"a":[1]}'],
    ],
  ),
  target('splunk', s.object(splunkInputFields, { about: 'splunk' }), startSplunk, [
    [
      '/services/collector',
      'application/json',
      '{"event":{"a":1},"time":1.5,"fields":{"b":"c"}}{"event":"x","host":"h"}',
    ],
    ['/services/collector/raw?host=h', 'text/plain', 'a\nb\n'],
  ]),
]

async function started(t: TestContext, { name, start }: Target) {
  const host = fakeInputHost({ kind: name, budgetBytes: 1 << 20 })
  t.after(() => host.close())
  await start({ maxBody: '64KiB', maxConnections: 20 }, host)
  const client = createHttpClient({
    origin: new URL(`http://127.0.0.1:${host.ports[0]}`),
    clock: systemClock(),
  })
  t.after(() => client.close())
  const post = async (path: string, type: string, body: Buffer, coding?: string) => {
    const headers = { 'content-type': type, ...(coding !== undefined && { 'content-encoding': coding }) }
    const answer = await client.request({ method: 'POST', path, headers, body, timeoutMs: 20_000 })
    await answer.body.bytes(1 << 20)
    return answer.status
  }
  /** Nothing is left behind, nothing failed by our own fault, and the next sender is served. */
  const isWell = async () => {
    assert.equal(host.budget.usedBytes, 0)
    assert.deepEqual(
      host.log.records.filter(({ level }) => level === 'error'),
      [],
    )
  }
  return { host, post, isWell }
}

const CODINGS = { gzip: gzipSync, deflate: deflateSync, zstd: zstdCompressSync } as const

/** Bytes with a few of them changed, cut out, doubled or cut off. */
function spoiled(bytes: Buffer): fc.Arbitrary<Buffer> {
  const at = fc.nat(bytes.length - 1)
  const edit = fc.oneof(
    fc.tuple(fc.constant('set'), at, fc.nat(255)),
    fc.tuple(fc.constant('cut'), at, fc.nat(20)),
    fc.tuple(fc.constant('double'), at, fc.nat(20)),
    fc.tuple(fc.constant('end'), at, fc.constant(0)),
  )
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map(edits => {
    let now = Buffer.from(bytes)
    for (const [what, from, value] of edits) {
      const to = Math.min(now.length, from + value)
      if (what === 'set' && from < now.length) now[from] = value
      else if (what === 'cut') now = Buffer.concat([now.subarray(0, from), now.subarray(to)])
      else if (what === 'double') now = Buffer.concat([now.subarray(0, to), now.subarray(from)])
      else if (what === 'end') now = now.subarray(0, from)
    }
    return now
  })
}

for (const one of targets) {
  test(`whatever the body of a request to ${one.name} is, it is taken or refused, and nothing is left of it`, async t => {
    const { post, isWell, host } = await started(t, one)
    for (const { path, type, body } of one.requests) {
      assert.ok((await post(path, type, body)) < 300, `${path} ${type}`)
      for (const [coding, compress] of Object.entries(CODINGS)) {
        if (type !== 'application/grpc')
          assert.ok((await post(path, type, compress(body), coding)) < 300, coding)
      }
      const sent = fc.oneof(
        fc.tuple(spoiled(body), fc.constant(undefined)),
        fc.tuple(
          fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes)),
          fc.constant(undefined),
        ),
        ...Object.entries(CODINGS).map(([coding, compress]) =>
          fc.tuple(spoiled(compress(body)), fc.constant(coding)),
        ),
      )
      await fc.assert(
        fc.asyncProperty(sent, async ([bytes, coding]) => {
          const status = await post(path, type, bytes, coding)
          assert.ok(status < 500 || status === 503, String(status))
          await isWell()
        }),
        { numRuns: 150 },
      )
    }
    for (const { text } of host.taken) {
      assert.ok(!text.includes('\n'), 'a record is on one line')
      // What is not UTF-8 is kept: it reads as JSON all the same.
      assert.equal(typeof JSON.parse(text), 'object')
    }
  })

  test(`bytes that are no HTTP do ${one.name} no harm`, async t => {
    const { host, post, isWell } = await started(t, one)
    const garbage = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }).map(bytes => Buffer.from(bytes)),
      spoiled(
        Buffer.from(`POST ${one.requests[0].path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`),
      ),
      spoiled(
        Buffer.from(
          'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x05\x01\x05\0\0\0\x01\x82\x86\x84\x41\x8a',
          'latin1',
        ),
      ),
    )
    await fc.assert(
      fc.asyncProperty(garbage, async bytes => {
        const socket = connect(host.ports[0]!, '127.0.0.1')
        socket.on('error', () => {})
        const closed = new Promise(resolve => socket.once('close', resolve))
        socket.resume()
        socket.end(bytes)
        await closed
      }),
      { numRuns: 60 },
    )
    await isWell()
    const { path, type, body } = one.requests[0]
    assert.ok((await post(path, type, body)) < 300)
  })
}
