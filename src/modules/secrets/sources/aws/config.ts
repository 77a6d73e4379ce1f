import { awsFields, checkAws } from '../../../../backends/aws/options.ts'
import { checkTls, checkUrl } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

/** The options of any service of AWS. */
export const awsServiceFields = {
  ...awsFields,
  endpoint: s.url({
    about: 'The service’s address, instead of the region’s own: a VPC endpoint or a stand-in for tests.',
    optional: true,
    example: 'http://localhost:4566',
  }),
  tls: tlsConfig,
  timeout: s.duration({ about: 'How long an answer may take.', default: '10s', min: '100ms' }),
  connections: s.integer({ about: 'How many connections at most.', default: 4, min: 1, max: 64 }),
} as const

const awsServiceConfig = s.object(awsServiceFields, { about: 'A service of AWS.' })

export type AwsServiceConfig = Infer<typeof awsServiceConfig>

const serviceFields = {
  name: entryName,
  ...awsServiceFields,
  interval: s.duration({
    about: 'How often its secrets are asked for; `secrets.interval` unless given. Each call costs money.',
    optional: true,
    min: '1s',
  }),
} as const

export const secretsManagerSourceConfig = s.object(
  {
    ...serviceFields,
    prefix: s.string({
      about: 'Stands before the path of each secret, such as `prod/`. Not before an ARN.',
      default: '',
    }),
  },
  {
    about:
      'AWS Secrets Manager. The path is a secret’s name or ARN; `?stage=AWSPREVIOUS` and `?versionId=…` choose one of its versions. An object of JSON gives its members, other text the entry `value`, as does what is binary, as bytes.',
  },
)

export const ssmSourceConfig = s.object(
  {
    ...serviceFields,
    prefix: s.string({
      about: 'The hierarchy that paths begin in, such as `/prod/app`. Not that of an ARN.',
      default: '',
      pattern: /^(\/.*)?$/,
      expected: 'a path that begins with a slash',
      example: '/prod/app',
    }),
    maxParameters: s.integer({
      about: 'How many parameters one hierarchy may have.',
      default: 1000,
      min: 1,
      max: 10_000,
    }),
  },
  {
    about:
      'Parameters of AWS Systems Manager. The path of a parameter gives the entry `value`, a list for a StringList; `?version=3` and `?label=…` choose one of its versions. The path of a hierarchy gives all that is below it.',
  },
)

export type SecretsManagerSourceConfig = Infer<typeof secretsManagerSourceConfig>
export type SsmSourceConfig = Infer<typeof ssmSourceConfig>

/** Rules between the options of any of them. */
export function checkAwsSource(config: AwsServiceConfig): Problem[] {
  const url = checkUrl(config.endpoint).map(problem => ({ ...problem, path: ['endpoint'] }))
  return [...checkAws(config), ...url, ...checkTls({ url: config.endpoint, tls: config.tls })]
}
