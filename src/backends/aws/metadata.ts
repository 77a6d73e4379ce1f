import { type CredentialSource, CredentialsError } from './credentials.ts'
import { openInstanceMetadata } from './instance.ts'
import { type AwsReply, type AwsWorld, readEndpointCredentials, said } from './world.ts'

/** The role of the instance, as its metadata service gives it out. */
export function metadataSource(world: AwsWorld): CredentialSource {
  const name = 'the instance’s metadata'
  const load = async () => {
    const metadata = await openInstanceMetadata(world)
    if ('absent' in metadata) return metadata
    const path = '/latest/meta-data/iam/security-credentials/'
    const roles = await metadata.get(path)
    if ('status' in roles && roles.status === 404) return { absent: 'the instance has no role' }
    const role = text(roles, name).trim().split('\n')[0]
    return readEndpointCredentials(text(await metadata.get(`${path}${encodeURIComponent(role)}`), name), name)
  }
  return { name, load }
}

function text(reply: AwsReply, name: string): string {
  if ('unreachable' in reply) throw new CredentialsError(`${name}: ${reply.unreachable}`, { passing: true })
  if (reply.status !== 200) throw new CredentialsError(`${name} ${said(reply)}`, { passing: true })
  return reply.body
}
