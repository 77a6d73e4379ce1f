import type { Problem } from '../../kernel/config/problem.ts'
import { s } from '../../kernel/config/schema.ts'
import type { Secret } from '../../kernel/config/secret.ts'

/** The options of everything that AWS is sent to: which region, and as whom. */
export const awsFields = {
  region: s.string({
    about: 'The AWS region; AWS_REGION or AWS_DEFAULT_REGION unless given.',
    optional: true,
    pattern: /^[a-z0-9-]+$/,
    expected: 'a region such as eu-central-1',
    example: 'eu-central-1',
  }),
  accessKeyId: s.string({
    about:
      'Access key. Without it the places are looked at in the order of AWS’s own tools: AWS_ACCESS_KEY_ID, the shared files, the token of the service account (AWS_WEB_IDENTITY_TOKEN_FILE), the container’s endpoint (ECS, EKS Pod Identity), the instance’s metadata (version 2).',
    optional: true,
    example: `\${LOGS_ACCESS_KEY_ID}`,
  }),
  secretAccessKey: s.secret({
    about: 'The secret of `accessKeyId`.',
    optional: true,
    example: `\${LOGS_SECRET_ACCESS_KEY}`,
  }),
  sessionToken: s.secret({ about: 'The session token of temporary keys.', optional: true }),
  profile: s.string({
    about: 'Profile of the shared files, also one with a role. Then no other place is looked at.',
    optional: true,
    example: 'logs',
  }),
  roleArn: s.string({
    about: 'A role to take on with the credentials that were found, for instance one of another account.',
    optional: true,
    pattern: /^arn:[a-z0-9-]+:iam::\d{12}:role\/.+$/,
    expected: 'the ARN of a role',
    example: 'arn:aws:iam::123456789012:role/logs',
  }),
  externalId: s.string({
    about: 'What the role’s trust policy asks for as sts:ExternalId. Needs `roleArn`.',
    optional: true,
  }),
  stsEndpoint: s.url({
    about: 'The address of the security token service, instead of the region’s own.',
    optional: true,
    example: 'https://vpce-1-2.sts.eu-central-1.vpce.amazonaws.com',
  }),
} as const

export interface AwsConfig {
  readonly region?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: Secret
  readonly sessionToken?: Secret
  readonly profile?: string
  readonly roleArn?: string
  readonly externalId?: string
  readonly stsEndpoint?: string
}

/** Rules between these options. `path`: where they stand behind the output’s own key. */
export function checkAws(config: AwsConfig, path: Problem['path'] = []): Problem[] {
  const problems: Problem[] = []
  const add = (option: string, message: string, hint: string) =>
    problems.push({ path: [...path, option], message, hint })
  if ((config.accessKeyId === undefined) !== (config.secretAccessKey === undefined)) {
    const [missing, given] =
      config.accessKeyId === undefined
        ? ['accessKeyId', 'secretAccessKey']
        : ['secretAccessKey', 'accessKeyId']
    add(given, `\`${missing}\` is missing beside it`, `add \`${missing}\``)
  }
  if (config.sessionToken && config.accessKeyId === undefined)
    add('sessionToken', 'a session token belongs to keys', 'add `accessKeyId` and `secretAccessKey`')
  if (config.accessKeyId !== undefined && config.profile !== undefined)
    add('profile', 'expected keys or a profile, got both', 'remove one of them')
  if (config.externalId !== undefined && config.roleArn === undefined)
    add('externalId', 'an external id belongs to a role', 'add `roleArn`')
  return problems
}
