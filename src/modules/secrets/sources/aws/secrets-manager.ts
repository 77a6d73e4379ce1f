import type { Health } from '../../../../kernel/module.ts'
import type { Value } from '../../../../wire/gotemplate/value.ts'
import { parseLossless } from '../../../../wire/json/lossless.ts'
import { type SecretData, SecretValue } from '../../secret/value.ts'
import type { SourceHost } from '../host.ts'
import { type SecretRequest, type SecretSource, SourceFailure } from '../source.ts'
import type { SecretsManagerSourceConfig } from './config.ts'
import { AwsService } from './service.ts'
import { askedFor } from './subject.ts'

/** Opens the source; it asks for nothing until somebody does. */
export function openSecretsManagerSource(
  config: SecretsManagerSourceConfig,
  host: SourceHost,
): SecretsManagerSource {
  return new SecretsManagerSource(config, host)
}

/** Secrets of AWS Secrets Manager. */
export class SecretsManagerSource implements SecretSource {
  readonly intervalMs?: number
  readonly #service: AwsService
  readonly #prefix: string

  constructor(config: SecretsManagerSourceConfig, host: SourceHost) {
    this.#service = new AwsService(config, host, { service: 'secretsmanager', target: 'secretsmanager' })
    this.#prefix = config.prefix
    if (config.intervalMs !== undefined) this.intervalMs = config.intervalMs
  }

  async fetch(request: SecretRequest, signal: AbortSignal): Promise<SecretValue> {
    if (request.version !== undefined)
      throw new SourceFailure(
        'invalid',
        `${request.path}: versions of Secrets Manager have no numbers; write ?stage=AWSPREVIOUS or ?versionId=…`,
      )
    const { path, query } = askedFor(request, ['stage', 'versionId'])
    const SecretId = path.startsWith('arn:') ? path : `${this.#prefix}${path}`
    const { stage, versionId } = query
    const answer = await this.#service.call(
      'GetSecretValue',
      {
        SecretId,
        ...(stage !== undefined && { VersionStage: stage }),
        ...(versionId !== undefined && { VersionId: versionId }),
      },
      SecretId,
      signal,
    )
    const version = answer['VersionId']
    return new SecretValue({
      data: dataOf(answer, SecretId),
      timing: { kind: 'static' },
      version: typeof version === 'string' ? version : undefined,
    })
  }

  health(): Health {
    return this.#service.health()
  }
}

function dataOf(
  { SecretString: text, SecretBinary: binary }: Readonly<Record<string, unknown>>,
  name: string,
): SecretData {
  if (typeof text === 'string') return membersIn(text) ?? new Map([['value', text]])
  if (typeof binary === 'string')
    return new Map<string, Value>([['value', new Uint8Array(Buffer.from(binary, 'base64'))]])
  throw new SourceFailure('invalid', `${name} has neither text nor bytes`)
}

/** Of an object of JSON, as the console makes them. */
function membersIn(text: string): SecretData | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    return parseLossless(text) as SecretData
  } catch {
    return undefined
  }
}
