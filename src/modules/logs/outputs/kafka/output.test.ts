import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { brokerTests, KafkaBroker, withoutBroker } from '../../../../../test/fakes/kafka/broker.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Outcome } from '../output.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { checkKafka, kafkaConfig } from './config.ts'
import { faultOf } from './fault.ts'
import { openKafka } from './output.ts'

const never = new AbortController().signal
const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

function decode(options: object) {
  const decoded = kafkaConfig.decode({ brokers: ['127.0.0.1:1'], ...options })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function open(t: TestContext, broker: KafkaBroker, options: object = {}) {
  const host = fakeOutputHost({ kind: 'kafka', clock: systemClock() })
  t.after(() => host.close())
  return await openKafka(decode({ brokers: [`127.0.0.1:${broker.port}`], ...options }), host)
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'done' ? JSON.stringify(outcome) : outcome.reason
}

if (brokerTests)
  describe('the kafka output', { skip: withoutBroker }, () => {
    test('produces to the topic that a template names, with key, headers and time', async t => {
      const broker = await KafkaBroker.start(t, ['-topics', 'logs.a,logs.x_y'])
      const options = { topic: 'logs.{app}', key: '{id}', headers: { tag: '{$tag}', none: '{none}' } }
      const output = await open(t, broker, { ...options, topic: 'logs.{app|"x"}' })
      const records = [{ app: 'a', id: 'foobar' }, { app: 'a', id: 'foobar' }, { app: 'x/y' }]
      assert.deepEqual(await output.send([fakeSlice(records)], never), { kind: 'done' })
      // Java's murmur2 of "foobar" is -790332482, positive 1357151166, of 3 partitions the first.
      assert.deepEqual(await broker.messages('logs.a'), [
        {
          partition: 0,
          key: 'foobar',
          value: '{"app":"a","id":"foobar"}',
          timeMs: TIME,
          headers: { tag: 'tail' },
        },
        {
          partition: 0,
          key: 'foobar',
          value: '{"app":"a","id":"foobar"}',
          timeMs: TIME + 1,
          headers: { tag: 'tail' },
        },
      ])
      const [message] = await broker.messages('logs.x_y')
      assert.deepEqual([message.key, message.value], [undefined, '{"app":"x/y"}'])
    })

    for (const compress of ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
      test(`compresses with ${compress}; the message is a field, or has the time`, async t => {
        const broker = await KafkaBroker.start(t)
        const raw = await open(t, broker, { compress, valueField: 'message' })
        const records = [{ message: 'ä"\n' }, { other: 1 }]
        assert.deepEqual(await raw.send([fakeSlice(records)], never), { kind: 'done' })
        const dated = await open(t, broker, { compress, timeField: { field: 't', format: 'epoch' } })
        assert.deepEqual(await dated.send([fakeSlice([{ n: 1 }])], never), { kind: 'done' })
        assert.deepEqual(
          (await broker.messages('logs')).map(({ value }) => value).sort(),
          ['ä"\n', '{"other":1}', `{"t":${TIME / 1000 - 0.006},"n":1}`].sort(),
        )
      })

    test('has what is too large sent again in parts', async t => {
      const broker = await KafkaBroker.start(t, ['-max-batch', '2000'])
      const output = await open(t, broker, { compress: 'none' })
      const records = fakeSlice([{ pad: 'x'.repeat(1500) }, { pad: 'y'.repeat(1500) }])
      const outcome = await output.send([records], never)
      assert.equal(outcome.kind, 'too_large', reasonOf(outcome))
      assert.deepEqual(await output.send([{ ...records, to: 1 }], never), { kind: 'done' })
    })

    test('a topic that is not there does not hold the others', async t => {
      const broker = await KafkaBroker.start(t)
      const output = await open(t, broker, { topic: '{topic|"logs"}' })
      const outcome = await output.send([fakeSlice([{ n: 1 }, { topic: 'missing' }, { n: 2 }])], never)
      assert.deepEqual(outcome.kind === 'done' && recordsOf(outcome.retry), ['{"topic":"missing"}'])
      const alone = await output.send([fakeSlice([{ topic: 'missing' }])], never)
      assert.equal(alone.kind === 'failed' && alone.refused, true, reasonOf(alone))
      assert.match(reasonOf(alone), /UNKNOWN_TOPIC_OR_PARTITION .*missing.*kafka\.createTopics/)
      assert.equal((await broker.messages('logs')).length, 2)
    })

    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'])
      test(`proves who it is by ${mechanism}`, async t => {
        const broker = await KafkaBroker.start(t, ['-user', 'shipper', '-password', 'secret'])
        const sasl = { mechanism, username: 'shipper', password: 'secret' }
        assert.deepEqual(await (await open(t, broker, { sasl })).send([fakeSlice([{ n: 1 }])], never), {
          kind: 'done',
        })
        const wrong = await open(t, broker, { sasl: { ...sasl, password: 'wrong' } })
        const outcome = await wrong.send([fakeSlice([{ n: 1 }])], never)
        assert.equal(outcome.kind === 'failed' && outcome.refused, true, reasonOf(outcome))
        assert.match(reasonOf(outcome), /kafka\.sasl/)
      })

    test('says which files of TLS cannot be read', async t => {
      const broker = await KafkaBroker.start(t)
      const output = await open(t, broker, { tls: { ca: '/nowhere/ca.pem' } })
      assert.match(
        reasonOf(await output.send([fakeSlice([{ n: 1 }])], never)),
        /kafka\.tls\.ca cannot be read/,
      )
    })
  })

describe('a failure of Kafka', () => {
  const answer = (apiId: string) => ({
    code: 'PLT_KFK_MULTIPLE',
    message: 'Produce failed',
    errors: [
      { code: 'PLT_KFK_RESPONSE', message: 'x', errors: [{ code: 'PLT_KFK_PROTOCOL', message: 'y', apiId }] },
    ],
  })
  const table = [
    [answer('MESSAGE_TOO_LARGE'), 'too_large', false],
    [answer('RECORD_LIST_TOO_LARGE'), 'too_large', false],
    [answer('INVALID_RECORD'), 'rejected', false],
    [answer('INVALID_TOPIC_EXCEPTION'), 'rejected', false],
    [answer('TOPIC_AUTHORIZATION_FAILED'), 'failed', true],
    [answer('SASL_AUTHENTICATION_FAILED'), 'failed', true],
    [answer('NOT_ENOUGH_REPLICAS'), 'failed', false],
    [answer('NOT_LEADER_OR_FOLLOWER'), 'failed', false],
    [{ code: 'PLT_KFK_AUTHENTICATION', message: 'x' }, 'failed', true],
    [
      { code: 'PLT_KFK_NETWORK', message: 'x', cause: { code: 'ECONNREFUSED', message: 'refused' } },
      'failed',
      false,
    ],
    [
      { code: 'PLT_KFK_NETWORK', message: 'x', cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } },
      'failed',
      true,
    ],
    [new Error('what'), 'failed', false],
  ] as const
  for (const [error, kind, refused] of table)
    test(`${JSON.stringify(error)} means ${kind}`, () => {
      const outcome = faultOf(error, 'logs', 'k')
      assert.equal(outcome.kind, kind)
      assert.equal(outcome.kind === 'failed' && outcome.refused === true, refused)
    })
})

describe('the options of the kafka output', () => {
  const table: [object, string[]][] = [
    [{}, []],
    [{ topic: '{app}' }, ['topic']],
    [{ topic: '' }, ['topic']],
    [{ key: '{app' }, ['key']],
    [{ sasl: {} }, ['sasl']],
    [{ sasl: { mechanism: 'oauthbearer' } }, ['sasl']],
    [{ sasl: { mechanism: 'oauthbearer', tokenFile: '/t' } }, []],
    [{ tls: { cert: 'a' } }, ['tls']],
  ]
  for (const [options, paths] of table)
    test(`${JSON.stringify(options)}: ${paths.length === 0 ? 'fine' : paths.join(', ')}`, () =>
      assert.deepEqual(
        checkKafka(decode(options)).map(({ path }) => path[0]),
        paths,
      ))
})
