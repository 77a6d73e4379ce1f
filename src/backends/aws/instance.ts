import { CredentialsError } from './credentials.ts'
import { type AwsReply, type AwsWorld, said } from './world.ts'

/** The answer to a token request is dropped on the way to a container whose instance has a hop limit of 1. */
const timeoutMs = 1000
const tries = 2

/** The metadata service of an EC2 instance, with a token of a session. */
export interface InstanceMetadata {
  /** `path` begins with `/latest/`. */
  get(path: string): Promise<AwsReply>
}

/**
 * Begins a session with the instance's metadata service, version 2 ("Use IMDSv2" in the EC2 user guide). Version 1,
 * which anything on the machine can ask through any proxy, is not used. `absent`: there is none, and why.
 */
export async function openInstanceMetadata({
  env,
  ask,
}: Pick<AwsWorld, 'env' | 'ask'>): Promise<InstanceMetadata | { readonly absent: string }> {
  if (/^true$/i.test(env['AWS_EC2_METADATA_DISABLED'] ?? '')) return { absent: 'AWS_EC2_METADATA_DISABLED' }
  const base = endpoint(env)
  const token = await often(() =>
    ask({
      url: new URL('/latest/api/token', base),
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' },
      timeoutMs,
    }),
  )
  if ('unreachable' in token)
    return { absent: `no answer; in a container the instance’s hop limit must be at least 2` }
  if (token.status !== 200) return { absent: said(token) }
  const headers = { 'x-aws-ec2-metadata-token': token.body }
  return { get: path => often(() => ask({ url: new URL(path, base), headers, timeoutMs })) }
}

function endpoint(env: AwsWorld['env']): string {
  const given = env['AWS_EC2_METADATA_SERVICE_ENDPOINT']
  if (given && !URL.canParse(given))
    throw new CredentialsError('AWS_EC2_METADATA_SERVICE_ENDPOINT is not a URL')
  if (given) return given
  const ipv6 = /^ipv6$/i.test(env['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE'] ?? '')
  return ipv6 ? 'http://[fd00:ec2::254]' : 'http://169.254.169.254'
}

async function often(ask: () => Promise<AwsReply>): Promise<AwsReply> {
  for (let left = tries - 1; ; left--) {
    const reply = await ask()
    if (left === 0 || ('status' in reply && reply.status < 500)) return reply
  }
}
