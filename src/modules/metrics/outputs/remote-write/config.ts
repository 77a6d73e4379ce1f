import { awsFields, checkAws } from '../../../../backends/aws/options.ts'
import { authConfig, checkHttpOutput, headersConfig } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkLabels, selectionFields } from '../../selection.ts'

export const remoteWriteConfig = s.object(
  {
    url: s.url({
      about: 'Where the receiver takes remote writes, with its path, and its query where it wants one.',
      example: 'http://prometheus:9090/api/v1/write',
    }),
    interval: s.duration({ about: 'How often the values are sent.', default: '15s', min: '1s' }),
    ...selectionFields,
    auth: authConfig,
    aws: s.object(
      {
        service: s.string({
          about: 'The service’s name in signatures.',
          default: 'aps',
          pattern: /^[a-z0-9-]+$/,
          expected: 'a service such as aps',
        }),
        ...awsFields,
      },
      {
        about: 'Signs requests as AWS asks for it (Signature Version 4): for Amazon Managed Prometheus.',
        optional: true,
      },
    ),
    headers: headersConfig,
    tls: tlsConfig,
    timeout: s.duration({ about: 'How long one request may take.', default: '30s', min: '1s' }),
    maxSamples: s.integer({
      about: 'The most samples in one request.',
      default: 2000,
      min: 1,
      max: 100_000,
    }),
    queue: s.size({
      about:
        'What may wait in memory, compressed, while the receiver is away. When it is full the oldest values go, counted; one request always has room.',
      default: '4MiB',
      min: '64KiB',
      max: '256MiB',
    }),
    name: entryName,
  },
  {
    about:
      'Sends metrics to a Prometheus, or to what else takes its remote write 1.0 (protobuf, compressed with Snappy).',
  },
)

export type RemoteWriteConfig = Infer<typeof remoteWriteConfig>

export function checkRemoteWrite(config: RemoteWriteConfig): Problem[] {
  const [url] = config.url.split('?', 1)
  const problems = [...checkHttpOutput({ ...config, url }), ...checkLabels(config)]
  const { auth, aws } = config
  if (auth && aws)
    problems.push({
      path: ['aws'],
      message: 'expected one way to authenticate, got `auth` and `aws`',
      hint: 'remove one of them',
    })
  return aws ? [...problems, ...checkAws(aws, ['aws'])] : problems
}
