import { sign } from '../../wire/sigv4/sign.ts'
import { type AwsCredentials, type CredentialSource, CredentialsError } from './credentials.ts'
import { nodeHashes } from './hashes.ts'
import { type AwsQuestion, type AwsWorld, said } from './world.ts'

export interface StsOptions {
  /** The region whose endpoint is asked; without it the global one. */
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
}

const timeoutMs = 10_000

/** The token of a service account, which a role trusts (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN): "IRSA" in EKS. */
export function webIdentitySource(world: AwsWorld, sts: StsOptions): CredentialSource {
  const { env } = world
  const path = env['AWS_WEB_IDENTITY_TOKEN_FILE']
  const arn = env['AWS_ROLE_ARN']
  const load = async () => {
    if (!path) return undefined
    if (!arn) throw new CredentialsError('AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not')
    return await assumeRoleWithToken(
      { arn, path, sessionName: env['AWS_ROLE_SESSION_NAME'] || 'outrigger' },
      world,
      sts,
    )
  }
  return { name: 'the service account’s token', load }
}

export interface WebIdentity {
  readonly arn: string
  /** Of the token's file, which is read each time: the cluster renews it. */
  readonly path: string
  readonly sessionName: string
}

/** AssumeRoleWithWebIdentity (STS API reference); the request is not signed. */
export async function assumeRoleWithToken(
  { arn, path, sessionName }: WebIdentity,
  world: AwsWorld,
  sts: StsOptions,
): Promise<AwsCredentials> {
  const token = (await world.readFile(path))?.trim()
  if (!token) throw new CredentialsError(`${path} holds no token`, { passing: true })
  const question = questionOf(world, sts, {
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: arn,
    RoleSessionName: sessionName,
    WebIdentityToken: token,
  })
  return await answerOf(world, question, `role ${arn} cannot be taken on with the token in ${path}`)
}

export interface RoleToTake {
  readonly arn: string
  readonly externalId?: string
  readonly sessionName: string
  /** Of who takes it on. */
  readonly credentials: AwsCredentials
}

/** AssumeRole (STS API reference). */
export async function assumeRole(
  role: RoleToTake,
  world: AwsWorld,
  sts: StsOptions,
): Promise<AwsCredentials> {
  const { arn, externalId, sessionName, credentials } = role
  const question = questionOf(world, sts, {
    Action: 'AssumeRole',
    RoleArn: arn,
    RoleSessionName: sessionName,
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
  })
  const { url, headers = {}, body = '' } = question
  const region = sts.region ?? 'us-east-1'
  const signed = sign(
    { method: 'POST', path: url.pathname, query: '', headers: { ...headers, host: url.host }, body },
    { region, service: 'sts', timeMs: world.now() },
    credentials,
    nodeHashes(),
  )
  return await answerOf(
    world,
    { ...question, headers: { ...headers, ...signed } },
    `role ${arn} cannot be taken on`,
  )
}

function questionOf(
  { env }: AwsWorld,
  { region, endpoint }: StsOptions,
  input: Readonly<Record<string, string>>,
): AwsQuestion {
  const regional =
    region === undefined || /^legacy$/i.test(env['AWS_STS_REGIONAL_ENDPOINTS'] ?? '') ? '' : `.${region}`
  const domain = region?.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return {
    url: new URL(endpoint ?? `https://sts${regional}.${domain}/`),
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...input, Version: '2011-06-15' }).toString(),
    timeoutMs,
  }
}

/** What STS answers in XML: elements without attributes, each of them once. */
async function answerOf({ ask }: AwsWorld, question: AwsQuestion, problem: string): Promise<AwsCredentials> {
  const answer = await ask(question)
  if ('unreachable' in answer)
    throw new CredentialsError(`${problem}: ${answer.unreachable}`, { passing: true })
  const element = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.body)?.[1]
  if (answer.status !== 200) {
    const code = element('Code')
    const why = code === undefined ? said(answer) : `${code}: ${element('Message') ?? ''}`
    throw new CredentialsError(`${problem}: ${why}`, {
      passing:
        answer.status >= 500 ||
        answer.status === 429 ||
        code === 'Throttling' ||
        code === 'IDPCommunicationError',
    })
  }
  const accessKeyId = element('AccessKeyId')
  const secretAccessKey = element('SecretAccessKey')
  const sessionToken = element('SessionToken')
  const expiresAtMs = Date.parse(element('Expiration') ?? '')
  if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiresAtMs))
    throw new CredentialsError(`${problem}: the answer of ${question.url.host} has no keys`)
  return { accessKeyId, secretAccessKey, sessionToken, expiresAtMs }
}
