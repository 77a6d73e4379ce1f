import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, type TestContext, test } from 'node:test'
import {
  type FakeCloudwatchOptions,
  startFakeCloudwatch,
} from '../../../../../test/fakes/cloudwatch/server.ts'
import type { Fault } from '../../../../../test/fakes/faults.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Outcome } from '../output.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { checkCloudwatch, cloudwatchConfig } from './config.ts'
import { openCloudwatch } from './output.ts'

const never = new AbortController().signal
const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-central-1' }
const day = 24 * 60 * 60 * 1000

function decode(fields: object) {
  const decoded = cloudwatchConfig.decode({ group: '/apps/test', ...fields })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function begin(
  t: TestContext,
  fields: object = {},
  options: FakeCloudwatchOptions = {},
  env: Record<string, string> = keys,
) {
  const fake = await startFakeCloudwatch(options)
  t.after(() => fake.close())
  const host = fakeOutputHost({ kind: 'cloudwatch', clock: systemClock(), env })
  t.after(() => host.close())
  const output = await openCloudwatch(decode({ stream: 's', endpoint: fake.url, ...fields }), host)
  const send = (...slices: Parameters<typeof output.send>[0]) => output.send(slices, never)
  const messages = () => fake.groups.events('/apps/test', 's').map(({ message }) => message)
  return { fake, host, output, send, messages }
}

const now = () => fakeSlice([{ n: 1 }, { n: 2 }], { timeMs: Date.now() })

describe('the cloudwatch output', () => {
  test('makes group and stream when they are missing, and delivers', async t => {
    const { fake, send, messages } = await begin(t)
    assert.deepEqual(await send(now()), { kind: 'done' })
    assert.deepEqual(messages(), ['{"n":1}', '{"n":2}'])
    assert.deepEqual(fake.actions, [
      'PutLogEvents',
      'CreateLogStream',
      'CreateLogGroup',
      'CreateLogStream',
      'PutLogEvents',
    ])
    assert.deepEqual(await send(now()), { kind: 'done' })
    assert.equal(fake.actions.length, 6)
  })

  test('makes them once for sends that run together', async t => {
    const { fake, send } = await begin(t)
    const outcomes = await Promise.all([send(now()), send(now())])
    assert.deepEqual(outcomes, [{ kind: 'done' }, { kind: 'done' }])
    assert.equal(fake.actions.filter(action => action === 'CreateLogGroup').length, 1)
    assert.equal(fake.counts.events, 4)
  })

  test('leaves a missing group alone when told to, and names the option', async t => {
    const { fake, send } = await begin(t, { createGroup: false })
    const outcome = await send(now())
    assert.equal(outcome.kind === 'failed' && outcome.refused, true)
    assert.match(
      outcome.kind === 'failed' ? outcome.reason : '',
      /\/apps\/test does not exist.*cloudwatch\.createGroup/,
    )
    fake.groups.createGroup('/apps/test')
    assert.deepEqual(await send(now()), { kind: 'done' })
  })

  test('names the stream after the machine', async t => {
    const { fake, send } = await begin(t, { stream: 'app-{$hostname}' })
    await send(now())
    assert.deepEqual(fake.groups.streams(), [`/apps/test app-${hostname()}`])
  })

  test('sorts records into the groups and streams that they name, with others for those that name none', async t => {
    const { fake, send } = await begin(t, {
      group: '/k8s/{ns}',
      groupFallback: '/other',
      stream: '{pod|"none"}-%Y',
      messageField: 'm',
    })
    const records = [
      { ns: 'a b', pod: 'p:1', m: '1' },
      { pod: 'p:1', m: '2' },
      { ns: 'a b', pod: 'p:1', m: '3' },
      { ns: 'c', m: '4' },
    ]
    const year = new Date().getUTCFullYear()
    assert.deepEqual(await send(fakeSlice(records, { timesMs: Array(4).fill(Date.now()) })), { kind: 'done' })
    assert.deepEqual(fake.groups.streams(), [
      `/k8s/a_b p-1-${year}`,
      `/other p-1-${year}`,
      `/k8s/c none-${year}`,
    ])
    const messages = fake.groups.events('/k8s/a_b', `p-1-${year}`).map(({ message }) => message)
    assert.deepEqual(messages, ['1', '3'])
  })

  test('names the records of each target that the service refuses', async t => {
    const { send } = await begin(t, { stream: '{s|"x"}' })
    const timesMs = [Date.now(), Date.now() - 20 * day, Date.now()]
    const outcome = await send(fakeSlice([{ s: 'a' }, { s: 'b' }, { s: 'b', n: 2 }], { timesMs }))
    assert.ok(outcome.kind === 'done')
    assert.deepEqual(
      outcome.rejected?.map(({ slices }) => recordsOf(slices)),
      [['{"s":"b"}']],
    )
  })

  test('makes groups of a class, which keep their events as long as told', async t => {
    const { fake, send } = await begin(t, { groupClass: 'INFREQUENT_ACCESS', retentionDays: 30 })
    assert.deepEqual(await send(now()), { kind: 'done' })
    assert.deepEqual(fake.groups.settings.get('/apps/test'), {
      class: 'INFREQUENT_ACCESS',
      retentionDays: 30,
    })
  })

  test('sends embedded metrics as they are, and says that they are', async t => {
    const { fake, send, messages } = await begin(t, { embeddedMetrics: true })
    const record = '{"_aws":{"CloudWatchMetrics":[]}, "n" : 1}'
    await send(fakeSlice([record], { timeMs: Date.now() }))
    assert.deepEqual(messages(), [record])
    assert.ok(fake.counts.emf > 0)
  })

  test('sorts, and cuts a send into calls where the service asks for it', async t => {
    const { fake, send } = await begin(t)
    const base = Date.now()
    const timesMs = [base, base - 2 * day, base - 1000, base - 3 * day]
    assert.deepEqual(await send(fakeSlice([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }], { timesMs })), {
      kind: 'done',
    })
    assert.equal(fake.counts.invalid, 0)
    assert.equal(fake.counts.events, 4)
  })

  test('reports what the service refuses, each with its reason, and delivers the rest', async t => {
    const { send, messages } = await begin(t, {}, { retentionDays: 30 })
    const base = Date.now()
    const slices = [-20, -5, 0, 1].map((days, n) =>
      fakeSlice([{ n }], { sequence: n + 1, timeMs: base + days * day }),
    )
    const outcome = (await send(...slices)) as Extract<Outcome, { kind: 'done' }>
    assert.equal(outcome.kind, 'done')
    assert.deepEqual(
      outcome.rejected?.map(({ slices, reason }) => [recordsOf(slices), reason]),
      [
        [['{"n":0}'], 'the service refuses it as older than 14 days'],
        [['{"n":3}'], 'the service refuses it as more than two hours in the future'],
      ],
    )
    assert.deepEqual(messages(), ['{"n":1}', '{"n":2}'])
  })

  test('tells records that the group has outlived from those that are too old for the service', async t => {
    const { send } = await begin(t, {}, { retentionDays: 3 })
    const base = Date.now()
    const outcome = await send(
      fakeSlice([{ n: 0 }, { n: 1 }], { timesMs: [base - 4 * day, base - 3.5 * day] }),
    )
    const { rejected } = outcome as Extract<Outcome, { kind: 'done' }>
    assert.deepEqual(
      rejected?.map(({ reason }) => reason),
      ['the service refuses it as older than the log group’s retention'],
    )
  })

  test('sends an event that is too large to the dead letters, whole', async t => {
    const { send, messages } = await begin(t, { maxEvent: '1KiB' })
    const outcome = await send(fakeSlice([{ a: 'x'.repeat(2000) }, { n: 2 }], { timeMs: Date.now() }))
    const { rejected } = outcome as Extract<Outcome, { kind: 'done' }>
    assert.equal(recordsOf(rejected?.[0].slices)[0].length, 2008)
    assert.match(rejected?.[0].reason ?? '', /cloudwatch\.maxEvent/)
    assert.deepEqual(messages(), ['{"n":2}'])
  })

  test('sends again only the calls that failed', async t => {
    const { fake, send } = await begin(t)
    await send(now())
    const base = Date.now()
    const slice = fakeSlice([{ n: 1 }, { n: 2 }, { n: 3 }], {
      timesMs: [base, base - 2 * day, base - 4 * day],
    })
    // The oldest goes first.
    fake.faults.add({ kind: 'slow', ms: 0 }, { kind: 'status', status: 503 })
    const outcome = await send(slice)
    assert.deepEqual(recordsOf((outcome as Extract<Outcome, { kind: 'done' }>).retry), ['{"n":1}', '{"n":2}'])
  })

  const throttling = JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' })
  const faults: { what: string; fault: Fault; says: RegExp }[] = [
    { what: 'throttling', fault: { kind: 'status', status: 400, body: throttling }, says: /Rate exceeded/ },
    { what: 'a failure of the service', fault: { kind: 'status', status: 500 }, says: /500/ },
    { what: 'a reset', fault: { kind: 'reset' }, says: /closed the connection/ },
    { what: 'silence', fault: { kind: 'hang' }, says: /1000 ms/ },
  ]
  for (const { what, fault, says } of faults) {
    test(`reports ${what} and works again after it`, async t => {
      const { fake, send } = await begin(t, { timeout: '1s' })
      fake.faults.add(fault)
      const outcome = await send(now())
      assert.equal(outcome.kind, 'failed')
      assert.match(outcome.kind === 'failed' ? outcome.reason : '', says)
      assert.equal(outcome.kind === 'failed' && outcome.refused, undefined)
      assert.deepEqual(await send(now()), { kind: 'done' })
    })
  }

  test('survives a service that closes idle connections', async t => {
    const { send } = await begin(t, {}, { idleCloseMs: 1 })
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(await send(now()), { kind: 'done' })
      await new Promise(resolve => setTimeout(resolve, 2))
    }
  })
})

describe('the cloudwatch output proves who it is', () => {
  const token = { ...keys, AWS_SESSION_TOKEN: 'token' }
  const good = [
    { by: 'keys of the environment', fields: {}, env: keys, options: {} },
    {
      by: 'keys of the configuration',
      fields: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'eu-central-1' },
      env: {},
      options: {},
    },
    { by: 'temporary keys', fields: {}, env: token, options: { sessionToken: 'token' } },
  ]
  for (const { by, fields, env, options } of good) {
    test(`with ${by}`, async t => {
      const { send } = await begin(t, fields, options, env as Record<string, string>)
      assert.deepEqual(await send(now()), { kind: 'done' })
    })
  }

  const bad = [
    {
      what: 'a wrong secret',
      env: { ...keys, AWS_SECRET_ACCESS_KEY: 'no' },
      says: /does not match.*the AWS credentials of the environment/,
    },
    {
      what: 'an unknown key',
      env: { ...keys, AWS_ACCESS_KEY_ID: 'NOBODY' },
      says: /token included in the request is invalid/,
    },
    { what: 'another region', env: { ...keys, AWS_REGION: 'us-east-1' }, says: /scoped to eu-central-1/ },
    {
      what: 'no keys',
      env: { AWS_REGION: 'eu-central-1' },
      says: /no AWS credentials found.*or give logs\.outputs\[\d\]\.cloudwatch\.accessKeyId/,
    },
    { what: 'no region', env: {}, says: /set logs\.outputs\[0\]\.cloudwatch\.region or AWS_REGION/ },
  ]
  for (const { what, env, says } of bad) {
    test(`and says what is wrong with ${what}`, async t => {
      const { fake, send } = await begin(t, {}, {}, env as Record<string, string>)
      const outcome = await send(now())
      assert.equal(outcome.kind === 'failed' && outcome.refused, true)
      assert.match(outcome.kind === 'failed' ? outcome.reason : '', says)
      assert.equal(fake.counts.events, 0)
    })
  }
})

describe('the configuration of the cloudwatch output', () => {
  const bad: [object, RegExp][] = [
    [{ stream: 'a-{pod}' }, /some records may have nothing for a field in "a-\{pod\}"/],
    [{ group: 'a b' }, /expected a log group’s name/],
    [{ stream: 'a:b' }, /expected a log stream’s name/],
    [{ retentionDays: 31 }, /number of days that the service knows/],
    [{ createGroup: false, retentionDays: 30 }, /has no effect/],
    [{ externalId: 'a' }, /belongs to a role/],
    [
      { roleArn: 'arn:aws:iam::123456789012:role/x', externalId: 'a', accessKeyId: 'a' },
      /`secretAccessKey` is missing/,
    ],
    [{ accessKeyId: 'a' }, /`secretAccessKey` is missing/],
    [{ secretAccessKey: 'a' }, /`accessKeyId` is missing/],
    [{ sessionToken: 'a' }, /belongs to keys/],
    [{ accessKeyId: 'a', secretAccessKey: 'b', profile: 'c' }, /keys or a profile/],
  ]
  for (const [fields, says] of bad) {
    test(`refuses ${JSON.stringify(fields)}`, () => {
      const problems = checkCloudwatch(decode(fields))
      assert.equal(problems.length, 1)
      assert.match(problems[0].message, says)
    })
  }

  test('takes the smallest', () => assert.deepEqual(checkCloudwatch(decode({})), []))
})
