import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Outcome } from '../output.ts'
import { fakeSlice, recordsOf } from '../output-fakes.ts'
import { type BulkQuestion, judgeBulk } from './bulk-answer.ts'

const slices = [
  fakeSlice(['{"n":0}', '{"n":1}', '{"n":2}']),
  { ...fakeSlice(['{"n":9}', '{"n":3}'], { sequence: 2 }), from: 1 },
]
const question: BulkQuestion = {
  slices,
  op: 'create',
  key: 'logs.outputs[0].elasticsearch',
  auth: 'apiKey',
  target: 'data stream logs-a-b',
  targetOption: 'dataStream',
}

function judge(status: number, body: unknown, change: Partial<BulkQuestion> = {}, afterMs?: number) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return judgeBulk(
    { ...question, ...change },
    { status, body: bytes, ...(afterMs === undefined ? {} : { afterMs }) },
  )
}

/** Items in the words of the test: a status, or a status with type and reason. */
function items(...given: (number | [number, string, string])[]): unknown {
  return {
    errors: true,
    items: given.map(item =>
      typeof item === 'number'
        ? { create: { status: item } }
        : { create: { status: item[0], error: { type: item[1], reason: item[2] } } },
    ),
  }
}

describe('the answer to a _bulk request', () => {
  test('is not read further when it says that there are no errors', () => {
    assert.deepEqual(judge(200, '{"took":3,"errors" : false,"items":[{"crea'), { outcome: { kind: 'done' } })
  })

  test('is not taken for a success because a document says so', () => {
    const reason = '\\"errors\\":false'
    const body = `{"took":1,"items":[{"create":{"status":429,"error":{"type":"t","reason":"${reason}"}}}],"errors":true}`
    assert.equal(judge(200, body).outcome.kind, 'failed')
  })

  test('sorts items: done, to be sent again, and dead, each by its reason', () => {
    const { outcome } = judge(
      200,
      items(
        201,
        [429, 'es_rejected_execution_exception', 'busy'],
        [400, 'mapper_parsing_exception', 'no long'],
        409,
      ),
    )
    assert.equal(outcome.kind, 'done')
    const done = outcome as Extract<Outcome, { kind: 'done' }>
    assert.deepEqual(recordsOf(done.retry), ['{"n":1}'])
    assert.deepEqual(
      done.rejected?.map(({ slices, reason }) => [recordsOf(slices), reason]),
      [[['{"n":2}'], 'mapper_parsing_exception: no long']],
    )
  })

  test('keeps records with one reason together, over frames', () => {
    const bad: [number, string, string] = [400, 'mapper_parsing_exception', 'no long']
    const { outcome } = judge(200, items(201, bad, bad, bad))
    const { rejected } = outcome as Extract<Outcome, { kind: 'done' }>
    assert.equal(rejected?.length, 1)
    assert.deepEqual(recordsOf(rejected?.[0].slices), ['{"n":1}', '{"n":2}', '{"n":3}'])
  })

  test('tells the cause of a rejection', () => {
    const error = {
      type: 'mapper_parsing_exception',
      reason: 'bad',
      caused_by: { type: 'number_format', reason: 'For input "x"' },
    }
    const { outcome } = judge(200, {
      errors: true,
      items: [201, 201, 201]
        .map(status => ({ create: { status } }))
        .concat({ create: { status: 400, error } } as never),
    })
    const { rejected } = outcome as Extract<Outcome, { kind: 'done' }>
    assert.equal(rejected?.[0].reason, 'mapper_parsing_exception: bad (number_format: For input "x")')
  })

  const busy: [number, string, string] = [429, 'es_rejected_execution_exception', 'queue full']
  const wholes: { what: string; status: number; body: unknown; expected: Partial<Outcome>; says?: RegExp }[] =
    [
      {
        what: 'all items refused for load',
        status: 200,
        body: items(busy, busy, busy, busy),
        expected: { kind: 'failed' },
        says: /queue full/,
      },
      {
        what: 'all items without index',
        status: 200,
        body: items(...Array(4).fill([404, 'index_not_found_exception', 'no such index'])),
        expected: { kind: 'failed', refused: true },
        says: /no such index.*elasticsearch\.dataStream/,
      },
      {
        what: 'a pipeline that does not exist',
        status: 200,
        body: items(
          ...Array(4).fill([400, 'illegal_argument_exception', 'pipeline with id [x] does not exist']),
        ),
        expected: { kind: 'failed', refused: true },
        says: /check logs\.outputs\[0\]\.elasticsearch\.pipeline/,
      },
      {
        what: 'an index that is a data stream',
        status: 200,
        body: items(
          ...Array(4).fill([
            400,
            'illegal_argument_exception',
            'only write ops with an op_type of create are allowed in data streams',
          ]),
        ),
        expected: { kind: 'failed', refused: true },
        says: /write it as logs\.outputs\[0\]\.elasticsearch\.dataStream/,
      },
      {
        what: 'fewer items than records',
        status: 200,
        body: items(201, busy),
        expected: { kind: 'failed' },
        says: /2 items for 4 records/,
      },
      {
        what: 'something else than JSON',
        status: 200,
        body: '<html>Welcome</html>',
        expected: { kind: 'failed', refused: true },
        says: /Welcome.*elasticsearch\.url/,
      },
      {
        what: 'JSON of another kind',
        status: 200,
        body: { ok: true },
        expected: { kind: 'failed', refused: true },
        says: /not that of a _bulk request/,
      },
      { what: '413', status: 413, body: '', expected: { kind: 'too_large' }, says: /413/ },
      {
        what: '429',
        status: 429,
        body: { error: { type: 'circuit_breaking_exception', reason: 'Data too large' } },
        expected: { kind: 'failed' },
        says: /circuit_breaking_exception: Data too large/,
      },
      {
        what: '502 of a proxy',
        status: 502,
        body: '<h1>Bad\n gateway</h1>',
        expected: { kind: 'failed' },
        says: /502: <h1>Bad gateway/,
      },
      { what: '503', status: 503, body: '', expected: { kind: 'failed' }, says: /503/ },
      {
        what: '401',
        status: 401,
        body: { error: { type: 'security_exception', reason: 'unable to authenticate' } },
        expected: { kind: 'failed', refused: true },
        says: /check logs\.outputs\[0\]\.elasticsearch\.apiKey/,
      },
      {
        what: '403',
        status: 403,
        body: { error: { type: 'security_exception', reason: 'action [bulk] is unauthorized' } },
        expected: { kind: 'failed', refused: true },
        says: /grant create_doc/,
      },
      {
        what: '404',
        status: 404,
        body: { error: 'no handler' },
        expected: { kind: 'failed', refused: true },
        says: /elasticsearch\.url/,
      },
      {
        what: '400',
        status: 400,
        body: { error: { type: 'illegal_argument_exception', reason: 'Malformed action' } },
        expected: { kind: 'failed', refused: true },
        says: /Malformed action/,
      },
      {
        what: 'a redirect',
        status: 302,
        body: '',
        expected: { kind: 'failed', refused: true },
        says: /write that address/,
      },
    ]
  for (const { what, status, body, expected, says } of wholes) {
    test(`judges ${what}`, () => {
      const { outcome } = judge(status, body)
      assert.equal(outcome.kind, expected.kind)
      assert.equal(
        'refused' in outcome ? outcome.refused : undefined,
        'refused' in expected ? expected.refused : undefined,
      )
      if (says) assert.match('reason' in outcome ? outcome.reason : '', says)
    })
  }

  test('carries the wish of the server to be left alone for a while', () => {
    const { outcome } = judge(429, '', {}, 7000)
    assert.equal(outcome.kind === 'failed' && outcome.afterMs, 7000)
  })

  test('sends items again that wait for a mend, and says so, while others arrive', () => {
    const { outcome, refusal } = judge(
      200,
      items(201, 201, 201, [403, 'cluster_block_exception', 'index read-only']),
    )
    assert.deepEqual(recordsOf((outcome as Extract<Outcome, { kind: 'done' }>).retry), ['{"n":3}'])
    assert.match(refusal ?? '', /read-only/)
  })

  test('takes a conflict for an arrival only when documents are created', () => {
    const conflict: [number, string, string] = [409, 'version_conflict_engine_exception', 'exists']
    assert.deepEqual(judge(200, items(conflict, conflict, conflict, conflict)).outcome, { kind: 'done' })
    assert.equal(judge(200, items(201, 201, 201, conflict), { op: 'index' }).outcome.kind, 'done')
    const { outcome } = judge(200, items(201, 201, 201, conflict), { op: 'index' })
    assert.deepEqual(recordsOf((outcome as Extract<Outcome, { kind: 'done' }>).retry), ['{"n":3}'])
  })

  const unauthorised = [
    { auth: 'username', says: /elasticsearch\.username and .*elasticsearch\.password/ },
    { auth: 'tls', says: /elasticsearch\.tls\.cert/ },
    { auth: 'none', says: /set logs\.outputs\[0\]\.elasticsearch\.apiKey/ },
  ] as const
  for (const { auth, says } of unauthorised) {
    test(`names the option behind refused credentials: ${auth}`, () => {
      const { outcome } = judge(401, '', { auth })
      assert.match(outcome.kind === 'failed' ? outcome.reason : '', says)
    })
  }
})
