import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { verifySignature } from '../../../../../test/fakes/aws/signature.ts'
import { type FakeHttpOptions, startFakeHttp } from '../../../../../test/fakes/http/server.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Outcome } from '../output.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { checkHttp, httpConfig } from './config.ts'
import { openHttp } from './output.ts'

const never = new AbortController().signal

function decode(fields: object) {
  const decoded = httpConfig.decode({ url: 'http://collector/in', ...fields })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function begin(
  t: TestContext,
  fields: { url?: string } & Record<string, unknown> = {},
  options: FakeHttpOptions = {},
) {
  const fake = await startFakeHttp(options)
  t.after(() => fake.close())
  const host = fakeOutputHost({ kind: 'http', clock: systemClock() })
  t.after(() => host.close())
  const output = await openHttp(decode({ ...fields, url: `${fake.url}${fields.url ?? '/in'}` }), host)
  const send = (...slices: Parameters<typeof output.send>[0]) => output.send(slices, never)
  const bodies = () => fake.requests.map(({ body }) => body.toString())
  return { fake, host, send, bodies }
}

const reasonOf = (outcome: Outcome) => ('reason' in outcome ? outcome.reason : '')

describe('the http output', () => {
  const formats: [object, string, string][] = [
    [{}, '[{"n":1},{}]', 'application/json'],
    [{ format: 'json_lines' }, '{"n":1}\n{}\n', 'application/x-ndjson'],
    [{ format: 'json_stream' }, '{"n":1}{}', 'application/json'],
    [{ body: '{"all":{records}}', contentType: 'a/b' }, '{"all":[{"n":1},{}]}', 'a/b'],
    [
      { time: {} },
      '[{"date":"2026-01-02T03:04:05.006000Z","n":1},{"date":"2026-01-02T03:04:05.007000Z"}]',
      'application/json',
    ],
  ]
  for (const [fields, body, type] of formats) {
    test(`with ${JSON.stringify(fields)} sends ${body}`, async t => {
      const { fake, send, bodies } = await begin(t, { ...fields })
      assert.deepEqual(await send(fakeSlice([{ n: 1 }, {}])), { kind: 'done' })
      assert.deepEqual(bodies(), [body])
      assert.equal(fake.requests[0].headers['content-type'], type)
      assert.equal(fake.requests[0].path, '/in')
    })
  }

  test('sends events of MessagePack, one behind the other', async t => {
    const { fake, send } = await begin(t, { format: 'msgpack' })
    await send(fakeSlice([{ n: 1, a: ['x'] }, {}]))
    const [{ body, headers }] = fake.requests
    assert.equal(headers['content-type'], 'application/msgpack')
    const seconds = (Date.UTC(2026, 0, 2, 3, 4, 5) / 1000).toString(16)
    assert.equal(
      body.toString('hex'),
      `9292d700${seconds}005b8d808082a16e01a16191a1789292d700${seconds}006acfc08080`,
    )
  })

  const times = [
    ['double', '1767323045.006000'],
    ['epoch', '1767323045'],
    ['epoch_ms', '1767323045006'],
    ['java_sql_timestamp', '"2026-01-02 03:04:05.006000"'],
  ] as const
  for (const [format, time] of times) {
    test(`writes the time as ${format}, unless the record has such a field`, async t => {
      const { send, bodies } = await begin(t, { time: { field: 't', format } })
      await send(
        fakeSlice([{ n: 1 }, ' { "t" : 7 }', { o: { t: 1 } }], {
          timesMs: Array(3).fill(Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
        }),
      )
      assert.deepEqual(bodies(), [`[{"t":${time},"n":1}, { "t" : 7 },{"t":${time},"o":{"t":1}}]`])
    })
  }

  for (const compress of ['gzip', 'zstd', 'snappy'] as const) {
    test(`compresses with ${compress}`, async t => {
      const { fake, send, bodies } = await begin(t, { compress })
      assert.deepEqual(await send(fakeSlice([{ n: 1 }])), { kind: 'done' })
      assert.deepEqual(bodies(), ['[{"n":1}]'])
      assert.equal(fake.requests[0].headers['content-encoding'], compress)
    })
  }

  test('makes a request for each path and each set of headers, and no record leaves its place', async t => {
    const { fake, send } = await begin(t, {
      url: '/base/?key=1',
      path: '/{team|"none"}/{$tag}',
      recordHeaders: { 'X-Level': '{level}' },
      tagHeader: 'Fluent-Tag',
      headers: { 'x-fixed': 'f' },
      method: 'PUT',
    })
    const records = [
      { team: 'a', n: 1 },
      { team: '../b?x', level: 'warn\r\nx: y', n: 2 },
      { n: 3 },
      { team: 'a', n: 4 },
    ]
    assert.deepEqual(await send(fakeSlice(records)), { kind: 'done' })
    assert.deepEqual(
      fake.requests.map(({ method, path, headers, body }) => [
        method,
        path,
        headers['x-level'],
        headers['fluent-tag'],
        headers['x-fixed'],
        JSON.parse(body.toString()).map(({ n }: { n: number }) => n),
      ]),
      [
        ['PUT', '/base/a/tail?key=1', undefined, 'tail', 'f', [1, 4]],
        ['PUT', '/base/..%2Fb%3Fx/tail?key=1', 'warnx: y', 'tail', 'f', [2]],
        ['PUT', '/base/none/tail?key=1', undefined, 'tail', 'f', [3]],
      ],
    )
  })

  test('sends a field of each record with headers from it; a record without it is a dead letter', async t => {
    const { fake, send, bodies } = await begin(t, {
      format: 'field',
      bodyField: 'data',
      headersField: 'headers',
    })
    const headers = {
      'Content-Type': 'text/csv',
      'Content-Length': '9',
      'x-a': 'b\nc',
      bad: 1,
      'no good': 'x',
    }
    const outcome = await send(fakeSlice([{ data: 'a,b\n', headers }, { n: 1 }, { data: { x: 1 } }]))
    assert.deepEqual(bodies(), ['a,b\n', '{"x":1}'])
    assert.equal(fake.requests[0].headers['content-type'], 'text/csv')
    assert.equal(fake.requests[0].headers['x-a'], 'bc')
    assert.deepEqual(
      outcome.kind === 'done' && outcome.rejected?.map(({ slices, reason }) => [recordsOf(slices), reason]),
      [[['{"n":1}'], 'the record has no field data (logs.outputs[0].http.bodyField)']],
    )
  })

  test('sends UTF-8, and counts the records of which bytes were replaced', async t => {
    const { host, send, bodies } = await begin(t, { time: { format: 'epoch' } })
    await send(fakeSlice([Buffer.from([...Buffer.from('{"m":"'), 0xff, ...Buffer.from('"}')])]))
    assert.deepEqual(bodies(), ['[{"date":1767323045,"m":"\ufffd"}]'])
    assert.equal(host.invalid.count, 1)
  })

  test('proves who it is, and names the option when it is not let in', async t => {
    const rule = ({ headers }: { headers: Record<string, unknown> }) =>
      headers['authorization'] === 'Bearer right' ? undefined : { status: 401, body: 'who?' }
    const right = await begin(t, { auth: { bearer: 'right' } }, { rule })
    assert.deepEqual(await right.send(fakeSlice([{ n: 1 }])), { kind: 'done' })
    const wrong = await begin(t, { auth: { username: 'a', password: 'b' } }, { rule })
    const outcome = await wrong.send(fakeSlice([{ n: 1 }]))
    assert.match(reasonOf(outcome), /401: who\?; check logs\.outputs\[0\]\.http\.auth\.username/)
  })

  test('signs requests for AWS', async t => {
    const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'eu-central-1' }
    const rule: FakeHttpOptions['rule'] = ({ method, path, headers, body }) => {
      const [plain, query] = path.split('?')
      const request = { method, path: plain, query: query ?? '', headers, body }
      const fault = verifySignature(request, { ...keys, service: 'execute-api', now: Date.now })
      return fault && { status: 403, body: fault.message }
    }
    const aws = { ...keys, service: 'execute-api' }
    const right = await begin(t, { url: '/stage/in?b=2&a=x%20y', path: '/{n|"none"}', aws }, { rule })
    assert.deepEqual(await right.send(fakeSlice([{ n: 'ä (b)' }])), { kind: 'done' })
    assert.equal(right.fake.requests[0].path, '/stage/in/%C3%A4%20(b)?b=2&a=x%20y')
    const wrong = await begin(t, { aws: { ...aws, secretAccessKey: 'other' } }, { rule })
    assert.match(
      reasonOf(await wrong.send(fakeSlice([{ n: 1 }]))),
      /403.*check logs\.outputs\[0\]\.http\.aws\.accessKeyId/,
    )
  })

  test('has what the receiver refuses divided, and only by the statuses that speak of records', async t => {
    const { fake, send } = await begin(t, { rejectStatuses: [418] })
    fake.faults.add(
      { kind: 'status', status: 418, body: 'bad record' },
      { kind: 'status', status: 400, body: 'no' },
    )
    const outcome = await send(fakeSlice([{ n: 1 }, { n: 2 }]))
    assert.deepEqual(outcome.kind === 'done' && outcome.divide?.map(({ reason }) => reason), [
      'the server answered 418: bad record',
    ])
    const second = await send(fakeSlice([{ n: 1 }]))
    assert.equal(second.kind === 'failed' && second.refused, true)
  })

  const mistakes: [object, RegExp][] = [
    [{ url: 'http://u:p@h/' }, /without credentials/],
    [{ path: '/{team}' }, /may have nothing/],
    [{ format: 'field' }, /needs `bodyField`/],
    [{ format: 'msgpack', time: {} }, /events carry their time/],
    [{ bodyField: 'a' }, /has no effect/],
    [{ body: 'x' }, /expected \{records\} in it once/],
    [{ body: '{records}', format: 'json_lines' }, /a JSON array only/],
    [{ headers: { 'a b': 'c' } }, /expected the name of a header/],
    [{ headers: { 'Content-Length': '3' } }, /made by the sidecar/],
    [{ recordHeaders: { a: '{' } }, /not a template/],
    [{ tls: { cert: 'a' } }, /no effect on an http URL/],
    [{ auth: { bearer: 'a' }, aws: { service: 'b' } }, /got `auth` and `aws`/],
  ]
  for (const [fields, message] of mistakes) {
    test(`${JSON.stringify(fields)} is a mistake`, () =>
      assert.match(checkHttp(decode(fields))[0]?.message ?? '', message))
  }

  test('a URL may have a query', () => assert.deepEqual(checkHttp(decode({ url: 'https://h/x?key=1' })), []))
})
