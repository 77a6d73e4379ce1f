import { AgeError } from '../../../../wire/age/error.ts'
import { decryptAge } from '../../age/decrypt.ts'
import type { AgeIdentity } from '../../age/identity.ts'
import type { AwsServiceConfig } from '../aws/config.ts'
import { DocumentError } from '../document.ts'
import type { SourceHost } from '../host.ts'
import { type SecretSource, SourceFailure } from '../source.ts'
import type { KeyEntry, KeyOpener } from './data-key.ts'
import { SopsError } from './decrypt.ts'

export function ageOpener(identities: () => Promise<readonly AgeIdentity[]>): KeyOpener {
  return async entry => {
    try {
      return await decryptAge(Buffer.from(textOf(entry, 'enc')), await identities())
    } catch (error) {
      if (!(error instanceof AgeError)) throw error
      throw new DocumentError('none of our keys of age opens it', 'forbidden', error)
    }
  }
}

/** Neither `..` nor what would end a path. */
const PATH_PART = /^(?!\.+$)[\w.-]+$/

/** A file is told to nobody but the server that is configured: what address it names itself does not matter. */
export function transitOpener(server: SecretSource | undefined, signal: AbortSignal): KeyOpener {
  return async entry => {
    const key = { mount: textOf(entry, 'engine_path'), key: textOf(entry, 'key_name') }
    if (!`${key.mount}/${key.key}`.split('/').every(part => PATH_PART.test(part)) || key.key.includes('/'))
      throw new SopsError('it names no transit key')
    if (server === undefined)
      throw new DocumentError(
        `it is made for the key ${key.key} of a Vault: add a source of the kind vault`,
        'forbidden',
      )
    const { decryptByTransit } = await import('../transit/engine.ts')
    const [opened] = await decryptByTransit(server, key, [textOf(entry, 'enc')], signal)
    if (opened !== undefined && 'bytes' in opened) return opened.bytes
    throw new SopsError(`the key ${key.key} of ${key.mount} does not open it: ${opened?.error}`)
  }
}

/** `arn:aws:kms:eu-central-1:111122223333:key/…` */
const KMS_ARN = /^arn:aws[\w-]*:kms:([a-z0-9-]+):\d+:(?:key|alias)\/.+$/
const ROLE_ARN = /^arn:aws[\w-]*:iam::\d{12}:role\/.+$/

export function kmsOpener(aws: Omit<AwsServiceConfig, 'region'>, host: SourceHost): KeyOpener {
  const services = new Map<string, Promise<import('../aws/service.ts').AwsService>>()
  const serviceOf = (config: AwsServiceConfig) => {
    const key = JSON.stringify([config.region, config.roleArn, config.profile])
    const opening =
      services.get(key) ??
      import('../aws/service.ts').then(
        ({ AwsService }) =>
          new AwsService(
            config,
            { ...host, key: `${host.key}.aws` },
            { service: 'kms', target: 'TrentService' },
          ),
      )
    services.set(key, opening)
    return opening
  }
  return async entry => {
    const arn = textOf(entry, 'arn')
    const region = KMS_ARN.exec(arn)?.[1]
    if (region === undefined) throw new SopsError('its key of AWS KMS has no ARN')
    const service = await serviceOf({ ...aws, region, ...identityOf(entry, aws) })
    const context = entry.get('context')
    const input = {
      KeyId: arn,
      CiphertextBlob: textOf(entry, 'enc'),
      ...(context instanceof Map && context.size > 0 && { EncryptionContext: Object.fromEntries(context) }),
    }
    const { Plaintext } = await service.call('Decrypt', input, arn, host.signal)
    if (typeof Plaintext === 'string') return Buffer.from(Plaintext, 'base64')
    throw new SourceFailure('unavailable', `${arn}: the answer holds no plaintext`)
  }
}

/** Role and profile are the configuration's, else those that the file was made with. */
function identityOf(entry: KeyEntry, aws: Omit<AwsServiceConfig, 'region'>): Partial<AwsServiceConfig> {
  const [role, profile] = [textOf(entry, 'role'), textOf(entry, 'aws_profile')]
  return {
    ...(aws.roleArn === undefined && ROLE_ARN.test(role) && { roleArn: role }),
    ...(aws.profile === undefined && aws.accessKeyId === undefined && profile !== '' && { profile }),
  }
}

function textOf(entry: KeyEntry, name: string): string {
  const value = entry.get(name)
  return typeof value === 'string' ? value : ''
}
