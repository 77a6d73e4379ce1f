import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { startFakeContainerEndpoint, startFakeMetadata } from '../../../test/fakes/aws/endpoints.ts'
import { type FakeStsOptions, startFakeSts } from '../../../test/fakes/aws/sts.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { type CredentialsOptions, credentialSources } from './chain.ts'
import { type AwsCredentials, Credentials, CredentialsError } from './credentials.ts'
import { awsWorld } from './world.ts'

const roleArn = 'arn:aws:iam::123456789012:role/logs'
const keys = { accessKeyId: 'ASIAROLE', secretAccessKey: 'role-secret', sessionToken: 'role-token' }
const environmentKeys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
const nobody = { AWS_EC2_METADATA_DISABLED: 'true' }

function find(
  env: Record<string, string>,
  options: Partial<CredentialsOptions> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<AwsCredentials> {
  const world = awsWorld(systemClock(), { ...nobody, ...env })
  const readFile = async (path: string) => files[path]
  const sources = credentialSources({ ...world, readFile, sts: { region: 'eu-central-1' }, ...options })
  return new Credentials(sources, world.now).get()
}

async function sts(t: TestContext, options: Partial<FakeStsOptions> = {}) {
  const fake = await startFakeSts({ roleArn, keys, ...options })
  t.after(() => fake.close())
  return fake
}

async function faultOf(promise: Promise<unknown>): Promise<CredentialsError> {
  const error = await promise.then(
    () => assert.fail('expected no credentials'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof CredentialsError, inspect(error))
  return error
}

describe('the token of a service account', () => {
  const env = { AWS_WEB_IDENTITY_TOKEN_FILE: '/token', AWS_ROLE_ARN: roleArn }

  test('is exchanged for the role’s keys', async t => {
    const fake = await sts(t, { token: 'jwt' })
    const found = await find(env, { sts: { endpoint: fake.url } }, { '/token': 'jwt\n' })
    const { expiresAtMs = 0, ...rest } = found
    assert.deepEqual(rest, keys)
    assert.ok(expiresAtMs > Date.now())
    assert.deepEqual(fake.actions, ['AssumeRoleWithWebIdentity'])
  })

  test('that is refused is told with what the service says', async t => {
    const fake = await sts(t, { token: 'other' })
    const error = await faultOf(find(env, { sts: { endpoint: fake.url } }, { '/token': 'jwt' }))
    assert.match(
      error.message,
      /role\/logs cannot be taken on with the token in \/token: InvalidIdentityToken: The web/,
    )
    assert.equal(error.passing, false)
    assert.doesNotMatch(error.message, /jwt/)
  })

  test('waits for a service that is broken or away', async t => {
    const fake = await sts(t, { token: 'jwt' })
    fake.broken = 503
    const options = { sts: { endpoint: fake.url } }
    assert.equal((await faultOf(find(env, options, { '/token': 'jwt' }))).passing, true)
    await fake.close()
    assert.equal((await faultOf(find(env, options, { '/token': 'jwt' }))).passing, true)
  })

  test('needs a role, and its file', async () => {
    assert.match(
      (await faultOf(find({ AWS_WEB_IDENTITY_TOKEN_FILE: '/token' }))).message,
      /AWS_ROLE_ARN is not/,
    )
    assert.match((await faultOf(find(env))).message, /\/token holds no token/)
  })
})

describe('a role', () => {
  const role = { arn: roleArn, sessionName: 'outrigger' }

  test('is taken on with what was found, signed', async t => {
    const fake = await sts(t, { externalId: 'x 1' })
    const found = await find(environmentKeys, {
      sts: { region: 'eu-central-1', endpoint: fake.url },
      role: { ...role, externalId: 'x 1' },
    })
    assert.equal(found.accessKeyId, 'ASIAROLE')
    assert.deepEqual(fake.actions, ['AssumeRole'])
  })

  test('that others trust alone is told', async t => {
    const fake = await sts(t, { externalId: 'right' })
    const options = {
      sts: { region: 'eu-central-1', endpoint: fake.url },
      role: { ...role, externalId: 'wrong' },
    }
    assert.match(
      (await faultOf(find(environmentKeys, options))).message,
      /cannot be taken on: AccessDenied: not authorized/,
    )
  })

  const config = `[profile logs]
role_arn = ${roleArn}
source_profile = base
external_id = e
[profile web]
role_arn = ${roleArn}
web_identity_token_file = /jwt
[profile alone]
role_arn = ${roleArn}
[profile round]
role_arn = ${roleArn}
source_profile = round2
[profile round2]
role_arn = ${roleArn}
source_profile = round
[profile process]
credential_process = /bin/keys
`
  const files = {
    '/home/app/.aws/config': config,
    '/home/app/.aws/credentials': '[base]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=secret\n',
    '/jwt': 'jwt',
  }

  test('of a profile is taken on with the keys of another one', async t => {
    const fake = await sts(t, { externalId: 'e' })
    const options = { profile: 'logs', sts: { region: 'eu-central-1', endpoint: fake.url } }
    assert.equal((await find({ HOME: '/home/app' }, options, files)).accessKeyId, 'ASIAROLE')
  })

  test('of a profile is taken on with a token', async t => {
    const fake = await sts(t, { token: 'jwt' })
    const options = { profile: 'web', sts: { endpoint: fake.url } }
    assert.equal((await find({ HOME: '/home/app' }, options, files)).accessKeyId, 'ASIAROLE')
  })

  const faults: [string, RegExp][] = [
    ['alone', /profile alone has a role_arn, but no source_profile/],
    ['round', /leads round in a circle/],
    ['process', /credential_process, which is not supported/],
  ]
  for (const [profile, message] of faults) {
    test(`of profile ${profile} cannot be had`, async () =>
      assert.match((await faultOf(find({ HOME: '/home/app' }, { profile }, files))).message, message))
  }
})

describe('the container’s endpoint', () => {
  test('is asked with the token of its file', async t => {
    const fake = await startFakeContainerEndpoint('agent-token')
    t.after(() => fake.close())
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${fake.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/agent',
    }
    const found = await find(env, {}, { '/agent': 'agent-token\n' })
    assert.equal(found.accessKeyId, 'AKIDENDPOINT')
    assert.equal(found.sessionToken, 'endpoint-token')
    assert.deepEqual(fake.paths, ['GET /v1/credentials'])
  })

  const foreign = [
    'http://example.com/',
    'http://127.0.0.1.example.com/',
    'http://169.254.169.254/',
    'ftp://localhost/',
  ]
  for (const uri of foreign) {
    test(`is not asked at ${uri}`, async () => {
      const error = await faultOf(find({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri }))
      assert.match(error.message, /without https only this machine/)
    })
  }

  test('on ECS is a path, and no other machine', async () => {
    const error = await faultOf(find({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '//example.com/keys' }))
    assert.match(error.message, /must be a path/)
  })

  test('that refuses is told without the token', async t => {
    const fake = await startFakeContainerEndpoint('right')
    t.after(() => fake.close())
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: fake.url, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'wrong' }
    const error = await faultOf(find(env))
    assert.match(error.message, /endpoint \(AWS_CONTAINER_CREDENTIALS_FULL_URI\) answered 401/)
    assert.doesNotMatch(error.message, /wrong/)
  })
})

describe('the instance’s metadata', () => {
  const at = (url: string) => ({ AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url })

  test('is asked with a token, after one that failed once more', async t => {
    const fake = await startFakeMetadata({ broken: 1 })
    t.after(() => fake.close())
    assert.equal((await find(at(fake.url))).accessKeyId, 'AKIDENDPOINT')
    assert.deepEqual(fake.paths, [
      'PUT /latest/api/token',
      'PUT /latest/api/token',
      'GET /latest/meta-data/iam/security-credentials/',
      'GET /latest/meta-data/iam/security-credentials/logs',
    ])
  })

  const absences: [string, Parameters<typeof startFakeMetadata>[0], RegExp][] = [
    [
      'that does not answer is given up soon, with a hint',
      { answers: false },
      /no answer; in a container the instance’s hop limit must be at least 2/,
    ],
    ['without a role has none', { role: '' }, /the instance has no role/],
  ]
  for (const [what, options, message] of absences) {
    test(what, async t => {
      const fake = await startFakeMetadata(options)
      t.after(() => fake.close())
      assert.match((await faultOf(find(at(fake.url)))).message, message)
    })
  }
})
