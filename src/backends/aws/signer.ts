import { inTurns, type LongWork } from '../../kernel/long-work.ts'
import type { Host } from '../../kernel/module.ts'
import { sign } from '../../wire/sigv4/sign.ts'
import type { PeerFailure } from '../http/peer.ts'
import { credentialSources } from './chain.ts'
import { type AwsCredentials, Credentials, CredentialsError } from './credentials.ts'
import { nodeHashes } from './hashes.ts'
import type { AwsConfig } from './options.ts'
import { awsWorld } from './world.ts'

export interface SignerOptions {
  readonly config: AwsConfig
  readonly host: Pick<Host, 'clock' | 'env' | 'slice'>
  /** Where the options stand, for messages. */
  readonly key: string
  /** `logs`, `es`, `s3` */
  readonly service: string
}

export interface RequestForSigning {
  readonly method: string
  /** As it is sent: percent-encoded. */
  readonly path: string
  /** Without its question mark. */
  readonly query?: string
  /** With `host`; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Signs requests to one AWS service. */
export class AwsSigner {
  readonly #options: SignerOptions
  readonly #credentials: Credentials
  readonly region: string | undefined

  constructor(options: SignerOptions) {
    const { config, host } = options
    this.#options = options
    this.region = regionOf(config, host.env)
    const world = awsWorld(host.clock, host.env)
    const fixed = fixedKeys(config)
    const sources = credentialSources({
      ...world,
      ...(fixed ? { fixed } : {}),
      ...(config.profile === undefined ? {} : { profile: config.profile }),
      sts: { region: this.region, endpoint: config.stsEndpoint },
      ...(config.roleArn === undefined
        ? {}
        : {
            role: {
              arn: config.roleArn,
              sessionName: 'outrigger',
              ...(config.externalId === undefined ? {} : { externalId: config.externalId }),
            },
          }),
    })
    this.#credentials = new Credentials(sources, world.now)
  }

  /** The request's headers with the signature, or why there is none. */
  async sign(
    request: RequestForSigning,
  ): Promise<{ readonly headers: Record<string, string> } | { readonly failure: PeerFailure }> {
    const { host, key, service } = this.#options
    const { region } = this
    if (region === undefined) {
      const reason = `the AWS region is not known: set ${key}.region or AWS_REGION`
      return { failure: { kind: 'failed', reason, refused: true } }
    }
    let keys: AwsCredentials
    try {
      keys = await this.#credentials.get()
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error
      if (error.passing) return { failure: { kind: 'failed', reason: error.message } }
      const reason = `${error.message}; or give ${key}.accessKeyId`
      return { failure: { kind: 'failed', reason, refused: true } }
    }
    const bodySha256 = await inTurns(sha256InSteps(request.body), host.slice)
    const { method, path, query = '' } = request
    // These two want the hash in a header, too.
    const hash = service === 's3' || service === 'aoss' ? { 'x-amz-content-sha256': bodySha256 } : {}
    const headers = { ...request.headers, ...hash }
    const signature = sign(
      { method, path, query, headers, bodySha256 },
      { region, service, timeMs: host.clock.now() },
      keys,
      nodeHashes(),
    )
    return { headers: { ...headers, ...signature } }
  }

  /** The service refused the credentials: others may be in their place by now. */
  forget(): void {
    this.#credentials.forget()
  }

  /** What to do when the service refuses the credentials. */
  get mend(): string {
    const { config, key } = this.#options
    if (config.accessKeyId !== undefined) return `check ${key}.accessKeyId`
    if (config.roleArn !== undefined) return `check ${key}.roleArn and what the role may do`
    if (config.profile !== undefined) return `check ${key}.profile`
    return 'check the AWS credentials of the environment and what they may do'
  }
}

export function regionOf({ region }: AwsConfig, env: Host['env']): string | undefined {
  return region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined)
}

export function awsDomain(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn'
  return region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com'
}

function fixedKeys({ accessKeyId, secretAccessKey, sessionToken }: AwsConfig): AwsCredentials | undefined {
  if (accessKeyId === undefined || !secretAccessKey) return undefined
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken ? { sessionToken: sessionToken.reveal() } : {}),
  }
}

const PART_BYTES = 64 * 1024

function* sha256InSteps(body: Buffer): LongWork<string> {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256')
  for (let at = 0; at < body.length; at += PART_BYTES) {
    if (at > 0) yield
    hash.update(body.subarray(at, at + PART_BYTES))
  }
  return hash.digest('hex')
}
