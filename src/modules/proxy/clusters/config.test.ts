import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request } from '../request-fake.ts'
import { checkCluster, clusterConfig } from './config.ts'
import { hashText } from './hash.ts'
import { requestHash } from './request-hash.ts'
import { sameConfig } from './same-config.ts'

const HERE = { endpoints: [{ address: '127.0.0.1:80' }] }

describe('the configuration of a backend', () => {
  it('has safe defaults', () => {
    const decoded = clusterConfig.decode(HERE)
    assert.ok(decoded.ok)
    const { balancing, panicThreshold, outlierDetection, retryBudget, circuitBreakers, idleTimeoutMs } =
      decoded.value
    assert.deepEqual(
      { balancing, panicThreshold, outlierDetection, retryBudget, idleTimeoutMs },
      {
        balancing: 'peak_ewma',
        panicThreshold: 50,
        outlierDetection: undefined,
        retryBudget: { percent: 20, minConcurrent: 3 },
        idleTimeoutMs: 3000,
      },
    )
    assert.equal(circuitBreakers.maxRequests, 1024)
    assert.deepEqual(checkCluster(decoded.value), [])
  })

  for (const [written, meant] of [
    ['h2', 'http2'],
    ['H2C', 'http2'],
    ['HTTP/2', 'http2'],
    ['http/1.1', 'http1'],
    ['htp2', 'http2'],
  ] as const)
    it(`knows what protocol: ${written} means`, () => {
      const decoded = clusterConfig.decode({ ...HERE, protocol: written })
      assert.ok(!decoded.ok)
      assert.equal(decoded.problems[0]!.hint, `did you mean "${meant}"?`)
    })

  for (const [name, config, path, message] of [
    ['no source of endpoints', {}, '', 'expected `endpoints` or `discovery`, got none'],
    [
      'two sources',
      { ...HERE, discovery: { file: { path: '/x' } } },
      'discovery',
      'expected `endpoints` or `discovery`, got both',
    ],
    [
      'hashOn that nobody looks at',
      { ...HERE, hashOn: { sourceAddress: {} } },
      'hashOn',
      'has no effect with balancing: peak_ewma',
    ],
    ['half a certificate', { ...HERE, tls: { cert: '/c' } }, 'tls.cert', '`key` is missing beside it'],
    [
      'ejections that end before they begin',
      { ...HERE, outlierDetection: { maxEjectionTime: '1s' } },
      'outlierDetection.maxEjectionTime',
      'is shorter than `baseEjectionTime`',
    ],
    [
      'an address twice',
      { endpoints: [{ address: '10.0.0.1:80' }, { address: '10.0.0.1:80' }] },
      'endpoints.1.address',
      'the same address stands here twice',
    ],
  ] as const) {
    it(`is refused with ${name}`, () => {
      const decoded = clusterConfig.decode(config)
      assert.ok(decoded.ok)
      const problems = checkCluster(decoded.value)
      assert.deepEqual(
        problems.map(problem => [problem.path.join('.'), problem.message]),
        [[path, message]],
      )
    })
  }
})

describe('two configurations', () => {
  const feed = (token: string) => {
    const decoded = clusterConfig.decode({ discovery: { feed: { url: 'http://controller', token } } })
    assert.ok(decoded.ok)
    return decoded.value
  }

  it('are the same only with the same secrets', () => {
    assert.equal(sameConfig(feed('a'), feed('a')), true)
    assert.equal(sameConfig(feed('a'), feed('b')), false)
  })
})

describe('the hash of a request', () => {
  const call = request({ headers: { 'x-user': 'ann', cookie: 'a=1; session=s3; b=2' }, address: '10.0.0.7' })
  for (const [name, hashOn, text] of [
    ['a header', { kind: 'header', config: { name: 'X-User' } }, 'ann'],
    ['a cookie', { kind: 'cookie', config: { name: 'session' } }, 's3'],
    ['the source address', { kind: 'sourceAddress', config: {} }, '10.0.0.7'],
    ['a header that is missing', { kind: 'header', config: { name: 'x-none' } }, undefined],
    ['a cookie that is missing', { kind: 'cookie', config: { name: 'ession' } }, undefined],
  ] as const) {
    it(`goes by ${name}`, () => {
      assert.equal(requestHash(hashOn, call), text === undefined ? undefined : hashText(text))
    })
  }
})
