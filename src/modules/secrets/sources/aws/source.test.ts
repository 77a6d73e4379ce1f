import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startFakeSecrets } from '../../../../../test/fakes/aws/secrets.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import type { SourceFailure } from '../source.ts'
import { checkAwsSource, secretsManagerSourceConfig, ssmSourceConfig } from './config.ts'
import { openSecretsManagerSource } from './secrets-manager.ts'
import { openSsmSource } from './ssm.ts'

const never = new AbortController().signal

async function begin(t: TestContext, given: Readonly<Record<string, unknown>> = {}) {
  const aws = await startFakeSecrets()
  const host = fakeHost({ clock: systemClock() })
  t.after(async () => {
    await host.close()
    await aws.close()
  })
  const key = 'secrets.sources[0].aws'
  const sourceHost = {
    ...host,
    name: 'aws',
    key,
    random: () => 0.5,
    bases: new Map(),
    measure: { login: () => {} },
  }
  const config = {
    endpoint: aws.url,
    region: 'eu-central-1',
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'secret',
    ...given,
  }
  return {
    aws,
    secrets: () => {
      const decoded = secretsManagerSourceConfig.decode(config)
      assert.ok(decoded.ok)
      return openSecretsManagerSource(decoded.value, sourceHost)
    },
    parameters: () => {
      const decoded = ssmSourceConfig.decode(config)
      assert.ok(decoded.ok)
      return openSsmSource(decoded.value, sourceHost)
    },
  }
}

test('a secret is the members of its object, its text, or its bytes; a stage or an id chooses a version', async t => {
  const { aws, secrets } = await begin(t, { prefix: 'prod/' })
  const current = { id: 'v2', stages: ['AWSCURRENT'] }
  aws.secrets.set('prod/db', [
    { ...current, text: '{"password":"new","port":5432}' },
    { id: 'v1', stages: ['AWSPREVIOUS'], text: '{"password":"old"}' },
  ])
  aws.secrets.set('prod/text', [{ ...current, text: '{not json' }])
  aws.secrets.set('prod/bytes', [{ ...current, bytes: Buffer.from([0, 255]) }])
  const source = secrets()
  const db = await source.fetch({ path: 'db' }, never)
  assert.equal(db.data.get('password'), 'new')
  assert.equal(String(db.data.get('port')), '5432')
  assert.equal(db.version, 'v2')
  for (const path of ['db?stage=AWSPREVIOUS', 'db?versionId=v1'])
    assert.equal((await source.fetch({ path }, never)).data.get('password'), 'old')
  assert.equal((await source.fetch({ path: 'text' }, never)).data.get('value'), '{not json')
  assert.deepEqual((await source.fetch({ path: 'bytes' }, never)).data.get('value'), new Uint8Array([0, 255]))
  await assert.rejects(source.fetch({ path: 'db', version: 1 }, never), /have no numbers; write \?stage=/)
  await assert.rejects(source.fetch({ path: 'db?stag=x' }, never), /"stag" is no question/)
})

test('a parameter has a value, a hierarchy all that is below it, and is known for one afterwards', async t => {
  const { aws, parameters } = await begin(t, { prefix: '/prod' })
  aws.parameters.set('/prod/db/password', [
    { type: 'SecureString', value: 'old' },
    { type: 'SecureString', value: 'new' },
  ])
  aws.parameters.set('/prod/db/hosts', [{ type: 'StringList', value: 'a,b' }])
  for (let n = 0; n < 25; n++) aws.parameters.set(`/prod/db/more/p${n}`, [{ type: 'String', value: `${n}` }])
  const source = parameters()
  assert.equal((await source.fetch({ path: 'db/password' }, never)).data.get('value'), 'new')
  assert.equal((await source.fetch({ path: 'db/password', version: 1 }, never)).data.get('value'), 'old')
  const { data } = await source.fetch({ path: 'db' }, never)
  assert.equal(data.get('password'), 'new')
  assert.deepEqual(data.get('hosts'), ['a', 'b'])
  assert.equal((data.get('more') as ReadonlyMap<string, string>).get('p24'), '24')
  const before = aws.actions.length
  await source.fetch({ path: 'db' }, never)
  assert.deepEqual(new Set(aws.actions.slice(before)), new Set(['GetParametersByPath']))
  assert.deepEqual(await source.list('db', never), ['hosts', 'more/', 'password'])
})

test('a hierarchy that is too large is refused', async t => {
  const { aws, parameters } = await begin(t, { maxParameters: 5 })
  for (let n = 0; n < 6; n++) aws.parameters.set(`/a/b/${n}`, [{ type: 'String', value: 'hunter2' }])
  await assert.rejects(
    parameters().fetch({ path: 'a/b' }, never),
    /more than 5 parameters: raise maxParameters/,
  )
})

const refusals: [string, string, RegExp][] = [
  ['AccessDeniedException', 'forbidden', /GetSecretValue of db: AccessDeniedException.*check secrets/],
  ['DecryptionFailure', 'forbidden', /allow kms:Decrypt/],
  ['ExpiredTokenException', 'forbidden', /ExpiredTokenException/],
  ['ResourceNotFoundException', 'missing', /ResourceNotFoundException/],
  ['InvalidParameterException', 'invalid', /InvalidParameterException/],
  ['ThrottlingException', 'unavailable', /ThrottlingException/],
  ['InternalServiceError', 'unavailable', /InternalServiceError/],
  ['SomethingNew', 'invalid', /SomethingNew/],
]
for (const [type, reason, message] of refusals)
  test(`${type} is ${reason}`, async t => {
    const { aws, secrets } = await begin(t)
    aws.refused.set('db', type)
    await assert.rejects(secrets().fetch({ path: 'db' }, never), (error: SourceFailure) => {
      assert.equal(error.reason, reason)
      assert.match(error.message, message)
      return true
    })
  })

test('a wrong key is told with the option to look at', async t => {
  const { secrets } = await begin(t, { secretAccessKey: 'hunter2' })
  await assert.rejects(secrets().fetch({ path: 'db' }, never), (error: SourceFailure) => {
    assert.equal(error.reason, 'forbidden')
    assert.match(error.message, /check secrets\.sources\[0\]\.aws\.accessKeyId/)
    assert.doesNotMatch(error.message, /hunter2/)
    return true
  })
})

test('what is no answer of AWS is nobody’s value, and not shown', async t => {
  const { aws, secrets } = await begin(t)
  aws.secrets.set('db', [{ id: '1', stages: ['AWSCURRENT'], text: 'x' }])
  aws.faults.add(
    { kind: 'text', body: '<html>hunter2' },
    { kind: 'status', status: 503, headers: { 'retry-after': '3' }, body: 'hunter2' },
    { kind: 'text', body: '{"Name":"db","SecretString":7}' },
  )
  const source = secrets()
  for (const reason of ['unavailable', 'unavailable', 'invalid'])
    await assert.rejects(source.fetch({ path: 'db' }, never), (error: SourceFailure) => {
      assert.equal(error.reason, reason)
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
})

test('keys need each other', () => {
  const decoded = ssmSourceConfig.decode({ accessKeyId: 'A' })
  assert.ok(decoded.ok)
  assert.match(checkAwsSource(decoded.value)[0]!.message, /secretAccessKey/)
})
