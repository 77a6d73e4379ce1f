import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { proxyConfig } from '../../config.ts'
import type { RequestView } from '../../request.ts'
import { fakeConclusion, fakeObserved } from '../observed-fake.ts'
import { type AccessLogConfig, checkAccessLogs } from './config.ts'
import { lineFormat } from './line-format.ts'
import { OPERATORS } from './operators.ts'

function configured(more: object): AccessLogConfig {
  const decoded = proxyConfig.decode({
    listeners: [{ listen: '127.0.0.1:1', upstream: 'a' }],
    upstreams: { a: { endpoints: [{ address: '127.0.0.1:2' }] } },
    accessLog: [{ to: { stdout: {} }, ...more }],
  })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value.accessLog[0]!
}

const line = (more: object, observed = fakeObserved(), how = fakeConclusion()) =>
  lineFormat(configured(more))(observed, how)
const templated = (template: string, how = fakeConclusion()) =>
  line({ format: 'template', template }, fakeObserved(), how)

describe('a line', () => {
  test('as Envoy writes it', () =>
    assert.equal(
      line({ format: 'envoy' }),
      '[2026-01-31T12:00:00.250Z] "POST /cart?token=<redacted>&n=1 HTTP/1.1" 200 - 5 12 30 15 "10.1.1.1" "a \\"quoted\\" one" "42" "shop.test" "10.0.0.1:8080"\n',
    ))

  test('in the common format of Apache', () =>
    assert.equal(
      line({ format: 'common' }),
      '10.9.9.9 - - [31/Jan/2026:12:00:00 +0000] "POST /cart?token=<redacted>&n=1 HTTP/1.1" 200 12\n',
    ))

  test('in the combined format of Apache', () =>
    assert.match(
      line({ format: 'combined' }, fakeObserved(), fakeConclusion({ bytesSent: 0 })),
      / 200 - "http:\/\/x\/" "a \\"quoted\\" one"\n$/,
    ))

  test('of JSON with fields of one’s own keeps the types of single operators', () =>
    assert.deepEqual(
      JSON.parse(
        line({
          fields: {
            status: '%RESPONSE_CODE%',
            what: '%REQ(:METHOD)% für %REQ(:PATH)%',
            flags: '%RESPONSE_FLAGS%',
            agent: '%REQ(USER-AGENT):3%',
          },
        }),
      ),
      { status: 200, what: 'POST für /cart?token=<redacted>&n=1', flags: null, agent: 'a "' },
    ))
})

describe('a name of the configuration that is not ASCII', () => {
  const name = 'größe-数'
  const how = fakeConclusion({
    view: { peer: { address: '' }, path: '/cart', audits: [name, 'b'] } as unknown as RequestView,
    match: { prefix: '', rule: { name, backends: [], totalWeight: 0, filters: [] } },
    backend: { cluster: name },
    endpoint: { key: name, host: '', port: 0, weight: 1 },
    failure: 'denied',
    detail: `rule "${name}" denies it`,
  })
  const escaped = 'gr\\xc3\\xb6\\xc3\\x9fe-\\xe6\\x95\\xb0'

  test('can be read in JSON', () => {
    const { route, upstream, endpoint, detail, audits } = JSON.parse(line({}, fakeObserved(), how))
    assert.deepEqual([route, upstream, endpoint, audits], [name, name, name, [name, 'b']])
    assert.equal(detail, `rule "${name}" denies it`)
  })

  for (const [template, value] of [
    ['%OUTRIGGER_AUDITS%', `${name},b`],
    ['%ROUTE_NAME% %UPSTREAM_CLUSTER% %UPSTREAM_HOST%', `${name} ${name} ${name}`],
    ['%UPSTREAM_TRANSPORT_FAILURE_REASON%', `rule "${name}" denies it`],
  ] as const)
    test(`can be read in a field of JSON with ${template}`, () =>
      assert.equal(JSON.parse(line({ fields: { a: template } }, fakeObserved(), how)).a, value))

  test('is the bytes of its UTF-8, as Apache writes them, in a line of text', () =>
    assert.equal(templated('%ROUTE_NAME% %OUTRIGGER_AUDITS%', how), `${escaped} ${escaped},b\n`))

  test('stands in Envoy’s line in the same way', () =>
    assert.match(
      line({ format: 'envoy' }, fakeObserved(), how),
      / "gr\\xc3\\xb6\\xc3\\x9fe-\\xe6\\x95\\xb0"\n$/,
    ))
})

describe('a template', () => {
  const failed = fakeConclusion({ status: 503, failure: 'no_healthy_upstream', detail: 'none is left' })
  for (const [template, written, how] of [
    ['no operator', 'no operator'],
    ['100%% %PROTOCOL%', '100% HTTP/1.1'],
    ['%START_TIME(%s.%3f)%', '1769860800.250'],
    ['%START_TIME(%Y/%m/%dT%H:%M:%E3S %z %%)%', '2026/01/31T12:00:00.250 +0000 %'],
    ['%REQ(X-None?:AUTHORITY)%', 'shop.test'],
    ['%REQ(X-None?X-Neither)%', '-'],
    ['%REQ(authorization)%', '<redacted>'],
    ['%REQ(USER-AGENT):4%|', 'a \\"q|'],
    ['%RESP(content-type)% %RESP(Set-Cookie)%', 'text/plain <redacted>'],
    ['%TRAILER(grpc-status)% %GRPC_STATUS_NUMBER%', '0 0'],
    ['%DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%', '30 20 10'],
    ['%UPSTREAM_CLUSTER% %UPSTREAM_HOST% %ROUTE_NAME%', 'checkout 10.0.0.1:8080 -'],
    [
      '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% %RESPONSE_CODE_DETAILS% %UPSTREAM_TRANSPORT_FAILURE_REASON%',
      '503 UH NoHealthyUpstream no_healthy_upstream none is left',
      failed,
    ],
    ['%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %TRACE_ID%', '- via_upstream -'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %OUTRIGGER_LISTENER%', '10.9.9.9 front'],
  ] as const)
    test(`${template} is ${written}`, () => assert.equal(templated(template, how), `${written}\n`))

  test('makes one line, whatever the client sends', () => {
    const value = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map(code => String.fromCharCode(code)),
    })
    fc.assert(
      fc.property(value, sent => {
        const agent = sent.replaceAll('\x7f', '').trim()
        const observed = fakeObserved(`GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x${agent}\r\n`)
        const text = line({ format: 'template', template: '"%REQ(USER-AGENT)%" "end"' }, observed)
        assert.match(text, /^"(?:[^"\\]|\\["\\]|\\x[0-9a-f]{2})*" "end"\n$/)
      }),
    )
  })

  test('knows every operator that is documented', () => {
    for (const [name, { argument }] of Object.entries(OPERATORS))
      templated(
        argument === undefined || argument.optional === true ? `%${name}%` : `%${name}(content-type)%`,
      )
  })
})

describe('a template is refused', () => {
  for (const [template, message, hint] of [
    ['%DURATON%', 'character 1: there is no operator %DURATON%', 'did you mean %DURATION%?'],
    ['a %NOPE%', 'character 3: there is no operator %NOPE%', 'docs/observability.md lists them'],
    [
      '50% of %DURATION%',
      'character 3: a % begins an operator such as %DURATION% here',
      'write %% for a percent sign',
    ],
    [
      '%REQ(:METHOD)',
      'character 1: a % begins an operator such as %DURATION% here',
      'write %% for a percent sign',
    ],
    ['%REQ%', 'character 1: %REQ% needs the name of a field', 'write %REQ(…)%'],
    ['%REQ(a b)%', 'character 1: %REQ%: "a b" is not the name of a field', undefined],
    ['%REQ(a?b?c)%', 'character 1: %REQ%: there may be one ? in it', undefined],
    ['%DURATION(1)%', 'character 1: %DURATION% takes no argument', undefined],
    ['%toString%', 'character 1: there is no operator %toString%', 'docs/observability.md lists them'],
  ] as const)
    test(template, () => {
      const [problem] = checkAccessLogs([configured({ format: 'template', template })], ['accessLog'])
      assert.deepEqual(problem, {
        path: ['accessLog', 0, 'template'],
        message,
        ...(hint !== undefined && { hint }),
      })
    })

  test('with a part of a time that is not known', () => {
    const [problem] = checkAccessLogs(
      [configured({ format: 'template', template: '%START_TIME(%Q)%' })],
      ['accessLog'],
    )
    assert.match(problem!.message, /^character 1: %START_TIME%: %Q is none of %Y /)
  })

  test('where it is missing or of no effect', () => {
    const paths = (more: object) => checkAccessLogs([configured(more)], []).map(({ path }) => path)
    assert.deepEqual(paths({ format: 'template' }), [[0, 'format']])
    assert.deepEqual(paths({ template: 'x' }), [[0, 'template']])
    assert.deepEqual(paths({ format: 'envoy', fields: { a: 'x' } }), [[0, 'fields']])
    assert.deepEqual(paths({ fields: { a: '%X%' } }), [[0, 'fields', 'a']])
  })
})
