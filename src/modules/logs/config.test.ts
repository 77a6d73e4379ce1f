import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkLogs, type LogsConfig, logsConfig } from './config.ts'

const tail = { tail: { paths: ['/var/log/app.log'] } }
const file = { file: { path: '/var/log/shipped.ndjson' } }

function decode(config: object): LogsConfig {
  const decoded = logsConfig.decode({ inputs: [tail], outputs: [file], ...config })
  assert.ok(decoded.ok, decoded.ok ? '' : JSON.stringify(decoded.problems))
  return decoded.value
}

describe('the configuration of logs', () => {
  test('needs no more than an input and an output', () => {
    const config = decode({})
    assert.deepEqual(checkLogs(config), [])
    assert.equal(config.memoryBytes, 16 * 1024 * 1024)
    assert.equal(config.spool.maxBytes, 256 * 1024 * 1024)
  })

  const incomplete = [
    { what: 'no input', config: { inputs: [], outputs: [file] } },
    { what: 'no output', config: { inputs: [tail], outputs: [] } },
    { what: 'an input of two kinds', config: { inputs: [{ ...tail, app: {} }], outputs: [file] } },
    { what: 'an unknown option', config: { inputs: [tail], outputs: [file], spol: {} } },
    {
      what: 'a spool that holds next to nothing',
      config: { inputs: [tail], outputs: [file], spool: { max: '1MiB' } },
    },
  ]
  for (const { what, config } of incomplete) {
    test(`refuses ${what}`, () => assert.equal(logsConfig.decode(config).ok, false))
  }

  const contradictory = [
    {
      what: 'two outputs to the same file',
      config: { outputs: [file, { stdout: {} }, file] },
      path: 'outputs.2.file',
      says: /same place as outputs\[0\]/,
    },
    {
      what: 'a stream of the command that two inputs read',
      config: { inputs: [tail, { app: {} }, { app: { streams: ['stderr'] } }] },
      path: 'inputs.2.app.streams.0',
      says: /stderr is read by inputs\[1\] already/,
    },
    {
      what: 'a stream of the command that is named twice',
      config: { inputs: [{ app: { streams: ['stdout', 'stdout'] } }] },
      path: 'inputs.0.app.streams.1',
      says: /stdout is read by inputs\[0\] already/,
    },
    {
      what: 'a format that lacks its pattern',
      config: { inputs: [tail, { app: { format: 'regex' } }] },
      path: 'inputs.1.app.pattern',
      says: /./,
    },
    {
      what: 'a metric that is another one in another place',
      config: {
        inputs: [
          {
            tail: { ...tail.tail, steps: [{ metric: { name: 'a_total' } }, { metric: { name: 'b_total' } }] },
          },
        ],
        steps: [
          { metric: { name: 'b_total' } },
          { only: { steps: [{ metric: { name: 'a_total', labels: { x: 'x' } } }] } },
        ],
      },
      path: 'inputs.0.tail.steps.0.metric.name',
      says: /has other labels or buckets, at steps\.1\.only\.steps\.0\.metric/,
    },
    {
      what: 'a condition that cannot be read',
      config: { steps: [{ remove: ['a'] }, { drop: 'status >=' }] },
      path: 'steps.1.drop',
      says: /./,
    },
  ]
  for (const { what, config, path, says } of contradictory) {
    test(`names ${what}`, () => {
      const problems = checkLogs(decode(config))
      assert.deepEqual(
        problems.map(problem => problem.path.join('.')),
        [path],
      )
      assert.match(problems[0].message, says)
    })
  }
})
