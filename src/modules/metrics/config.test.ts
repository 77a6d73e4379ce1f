import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMetrics, metricsConfig } from './config.ts'

const url = 'http://prometheus:9090/api/v1/write'

const mistakes: readonly (readonly [outputs: readonly object[], path: string, message: RegExp])[] = [
  [[{ prometheus: { labels: { 'a-b': 'c' } } }], 'outputs.0.prometheus.labels.a-b', /letters, digits/],
  [[{ remoteWrite: { url, labels: { __name__: 'c' } } }], 'outputs.0.remoteWrite.labels.__name__', /not __/],
  [[{ remoteWrite: { url: 'http://a:b@c/' } }], 'outputs.0.remoteWrite.url', /without credentials/],
  [[{ remoteWrite: { url, tls: { verify: false } } }], 'outputs.0.remoteWrite.tls', /no effect/],
  [[{ remoteWrite: { url, auth: { username: 'a' } } }], 'outputs.0.remoteWrite.auth.username', /password/],
  [
    [{ remoteWrite: { url, auth: { bearer: 'a' }, aws: {} } }],
    'outputs.0.remoteWrite.aws',
    /one way to authenticate/,
  ],
  [[{ remoteWrite: { url, aws: { accessKeyId: 'a' } } }], 'outputs.0.remoteWrite.aws.accessKeyId', /secret/],
  [
    [{ prometheus: { name: 'a' } }, { remoteWrite: { url, name: 'a' } }],
    'outputs.1.remoteWrite.name',
    /outputs\[0\]/,
  ],
]
for (const [outputs, path, message] of mistakes)
  test(`${JSON.stringify(outputs)} is a mistake at ${path}`, () => {
    const decoded = metricsConfig.decode({ outputs })
    assert.ok(decoded.ok, JSON.stringify(decoded))
    const problems = checkMetrics(decoded.value)
    assert.deepEqual(
      problems.map(problem => problem.path.join('.')),
      [path],
    )
    assert.match(problems[0].message, message)
  })

test('an address may have a query', () => {
  const decoded = metricsConfig.decode({ outputs: [{ remoteWrite: { url: `${url}?prometheus_server=a` } }] })
  assert.ok(decoded.ok)
  assert.deepEqual(checkMetrics(decoded.value), [])
})

test('there is no output that takes nothing', () => {
  assert.equal(metricsConfig.decode({ outputs: [] }).ok, false)
  assert.equal(metricsConfig.decode({ outputs: [{ prometheus: { names: [] } }] }).ok, false)
})
