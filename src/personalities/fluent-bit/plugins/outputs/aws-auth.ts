import { type Options, option } from '../option.ts'
import type { NotationMap } from '../plugin.ts'
import type { Settings } from '../settings.ts'

/** What outputs have that sign their requests for AWS when `aws_auth` says so, beside the service's name. */
export const awsAuthOptions: Options = {
  aws_auth: option.boolean('off'),
  aws_region: option.text(),
  aws_sts_endpoint: option.text(),
  aws_role_arn: option.text(),
  aws_external_id: option.text(),
  aws_profile: option.text(),
}

const KEYS = {
  region: 'aws_region',
  roleArn: 'aws_role_arn',
  externalId: 'aws_external_id',
  profile: 'aws_profile',
  stsEndpoint: 'aws_sts_endpoint',
}

/** Our `aws` of an output. */
export function awsAuthOf(settings: Settings, serviceKey: string): NotationMap {
  const found = Object.entries({ service: serviceKey, ...KEYS }).flatMap(([ours, theirs]) => {
    const value = settings.text(theirs)
    return value === undefined ? [] : [[ours, value] as const]
  })
  return Object.fromEntries(found)
}
