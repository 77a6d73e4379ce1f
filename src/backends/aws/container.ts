import { type CredentialSource, CredentialsError } from './credentials.ts'
import { type AwsWorld, readEndpointCredentials, said } from './world.ts'

const timeoutMs = 2000

/**
 * The credentials endpoint of ECS tasks and EKS Pod Identity (AWS_CONTAINER_CREDENTIALS_*; "Container credential
 * provider" in the SDK reference guide). Over http only addresses that do not leave the machine are asked.
 */
export function containerSource({ env, readFile, ask }: AwsWorld): CredentialSource {
  const name = 'the container’s endpoint'
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  const variable = relative ? 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' : 'AWS_CONTAINER_CREDENTIALS_FULL_URI'
  const load = async () => {
    if (!relative && !full) return undefined
    const url = relative ? new URL(relative, 'http://169.254.170.2') : parseUrl(full!)
    if (relative && url.host !== '169.254.170.2') throw new CredentialsError(`${variable} must be a path`)
    const token = await readToken(env, readFile)
    const headers = token === undefined ? {} : { authorization: token }
    const answer = await ask({ url, headers, timeoutMs })
    if ('unreachable' in answer)
      throw new CredentialsError(`${name} (${variable}) is not reachable: ${answer.unreachable}`, {
        passing: true,
      })
    if (answer.status !== 200)
      throw new CredentialsError(`${name} (${variable}) ${said(answer)}`, {
        passing: answer.status >= 500 || answer.status === 429,
      })
    return readEndpointCredentials(answer.body, name)
  }
  return { name, load }
}

function parseUrl(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new CredentialsError('AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL')
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const local = /^(localhost|127(\.\d+){3}|::1|169\.254\.170\.2|169\.254\.170\.23|fd00:ec2::23)$/.test(host)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && local)) return url
  throw new CredentialsError(
    `AWS_CONTAINER_CREDENTIALS_FULL_URI points to ${url.host}: without https only this machine and the agents of ECS and EKS are asked`,
  )
}

async function readToken(env: AwsWorld['env'], readFile: AwsWorld['readFile']): Promise<string | undefined> {
  const path = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
  if (!path) return env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] || undefined
  const token = (await readFile(path))?.trim()
  if (token === undefined)
    throw new CredentialsError(`${path} (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) does not exist`, {
      passing: true,
    })
  if (token === '' || /[\r\n]/.test(token)) throw new CredentialsError(`${path} does not hold one token`)
  return token
}
