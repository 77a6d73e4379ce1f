import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { credentialSources } from './chain.ts'
import { type AwsCredentials, Credentials, CredentialsError } from './credentials.ts'
import { parseProfiles } from './profiles.ts'

const file = `# team keys
[default]
aws_access_key_id = FILEKEY
aws_secret_access_key = file/secret=
[work]
aws_access_key_id=WORKKEY
aws_secret_access_key=worksecret
aws_session_token=worktoken
[half]
aws_access_key_id=HALF
`
const readFile = async (path: string) => (path === '/home/app/.aws/credentials' ? file : undefined)

function get(options: Partial<Parameters<typeof credentialSources>[0]>): Promise<AwsCredentials> {
  const sources = credentialSources({
    env: { HOME: '/home/app' },
    readFile,
    ask: async () => ({ unreachable: 'nobody there' }),
    now: () => 0,
    sts: {},
    ...options,
  })
  return new Credentials(sources, () => 0).get()
}

describe('AWS credentials', () => {
  const fixed = { accessKeyId: 'CONF', secretAccessKey: 'conf' }
  const environment = { HOME: '/home/app', AWS_ACCESS_KEY_ID: 'ENVKEY', AWS_SECRET_ACCESS_KEY: 'envsecret' }
  const table = [
    { from: 'the configuration first', options: { fixed, env: environment }, expected: fixed },
    {
      from: 'the environment next',
      options: { env: environment },
      expected: { accessKeyId: 'ENVKEY', secretAccessKey: 'envsecret' },
    },
    {
      from: 'the environment with a session token',
      options: { env: { ...environment, AWS_SESSION_TOKEN: 't' } },
      expected: { accessKeyId: 'ENVKEY', secretAccessKey: 'envsecret', sessionToken: 't' },
    },
    {
      from: 'the shared file last',
      options: {},
      expected: { accessKeyId: 'FILEKEY', secretAccessKey: 'file/secret=' },
    },
    {
      from: 'the profile that is configured, before the environment',
      options: { profile: 'work', env: environment },
      expected: { accessKeyId: 'WORKKEY', secretAccessKey: 'worksecret', sessionToken: 'worktoken' },
    },
    {
      from: 'the profile that AWS_PROFILE names',
      options: { env: { HOME: '/home/app', AWS_PROFILE: 'work' } },
      expected: { accessKeyId: 'WORKKEY', secretAccessKey: 'worksecret', sessionToken: 'worktoken' },
    },
  ]
  for (const { from, options, expected } of table) {
    test(`come from ${from}`, async () => assert.deepEqual(await get(options), expected))
  }

  const faults = [
    {
      what: 'half a pair in the environment',
      options: { env: { AWS_ACCESS_KEY_ID: 'x' } },
      says: /AWS_SECRET_ACCESS_KEY is not/,
    },
    {
      what: 'half a pair in a profile',
      options: { profile: 'half' },
      says: /profile half has no aws_secret_access_key/,
    },
    {
      what: 'a profile that is not there',
      options: { profile: 'gone' },
      says: /looked in \/home\/app\/\.aws\/credentials \(profile gone\)$/,
    },
    {
      what: 'nothing anywhere',
      options: { env: {} },
      says: /no AWS credentials found; looked in the environment, the shared .*, the service account’s token, the container’s endpoint, the instance’s metadata \(no answer; in a container the instance’s hop limit/,
    },
  ]
  for (const { what, options, says } of faults) {
    test(`say what is wrong with ${what}`, async () => {
      await assert.rejects(
        get(options),
        error => error instanceof CredentialsError && says.test(error.message),
      )
    })
  }

  test('are kept until five minutes before they expire, and loaded once for all who wait', async () => {
    let now = 0
    let loads = 0
    const load = async () => ({ ...fixed, accessKeyId: `K${++loads}`, expiresAtMs: 3_600_000 * loads })
    const credentials = new Credentials([{ name: 'a role', load }], () => now)
    const both = await Promise.all([credentials.get(), credentials.get()])
    assert.deepEqual(
      both.map(({ accessKeyId }) => accessKeyId),
      ['K1', 'K1'],
    )
    now = 3_600_000 - 300_001
    assert.equal((await credentials.get()).accessKeyId, 'K1')
    now++
    assert.equal((await credentials.get()).accessKeyId, 'K2')
    credentials.forget()
    assert.equal((await credentials.get()).accessKeyId, 'K3')
  })

  test('serve until they expire when no others can be had, and others are not asked for at every request', async () => {
    let now = 0
    let loads = 0
    const load = async () => {
      if (++loads > 1) throw new CredentialsError('away', { passing: true })
      return { ...fixed, expiresAtMs: 3_600_000 }
    }
    const credentials = new Credentials([{ name: 'a role', load }], () => now)
    await credentials.get()
    now = 3_600_000 - 200_000
    assert.equal((await credentials.get()).accessKeyId, 'CONF')
    now += 10_000
    assert.equal((await credentials.get()).accessKeyId, 'CONF')
    assert.equal(loads, 2)
    now += 30_000
    await credentials.get()
    assert.equal(loads, 3)
    now = 3_600_000
    await assert.rejects(credentials.get(), /away/)
  })

  test('of a file keep what stands behind the first equals sign', () => {
    assert.deepEqual(parseProfiles('[a]\nK = v=1 \n;x=1\n').get('a'), new Map([['k', 'v=1']]))
  })
})
