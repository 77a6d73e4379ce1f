import type { AwsConfig } from '../../aws/options.ts'
import { AwsSigner } from '../../aws/signer.ts'
import { VaultError } from '../error.ts'
import { type AuthHost, type AuthMethod, logIn } from './method.ts'

const BODY = 'Action=GetCallerIdentity&Version=2011-06-15'
const SERVER_ID = 'X-Vault-AWS-IAM-Server-ID'

/** AWS auth, type iam: we sign a request that asks AWS who we are; the server sends it and believes the answer. */
export function awsMethod(
  config: {
    readonly role?: string
    readonly serverId?: string
    readonly credentials: AwsConfig
    readonly mount: string
  },
  host: AuthHost,
  key: string,
): AuthMethod {
  const signer = new AwsSigner({
    config: config.credentials,
    host,
    key: `${key}.credentials`,
    service: 'sts',
  })
  const region = signer.region ?? 'us-east-1'
  const name = signer.region === undefined ? 'sts.amazonaws.com' : `sts.${region}.amazonaws.com`
  return {
    name: 'aws',
    login: async (client, signal) => {
      const headers = {
        host: name,
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        ...(config.serverId !== undefined && { [SERVER_ID.toLowerCase()]: config.serverId }),
      }
      const signed = await signer.sign({ method: 'POST', path: '/', headers, body: Buffer.from(BODY) })
      if ('failure' in signed) throw new VaultError('unavailable', signed.failure.reason)
      const all = Object.fromEntries(
        Object.entries({ ...headers, ...signed.headers }).map(([k, v]) => [k, [v]]),
      )
      const base64 = (text: string) => Buffer.from(text).toString('base64')
      return await logIn(
        client,
        `auth/${config.mount}/login`,
        {
          role: config.role,
          iam_http_request_method: 'POST',
          iam_request_url: base64(`https://${name}/`),
          iam_request_body: base64(BODY),
          iam_request_headers: base64(JSON.stringify(all)),
        },
        signal,
      )
    },
  }
}
