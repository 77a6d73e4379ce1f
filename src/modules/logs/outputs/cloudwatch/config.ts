import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { tlsConfig } from '../tls-config.ts'

export const cloudwatchConfig = s.object(
  {
    group: s.string({
      about: 'The log group.',
      pattern: /^[.\-_/#A-Za-z0-9]{1,512}$/,
      expected: 'a log group’s name: letters, digits and . - _ / #',
      example: '/apps/checkout',
    }),
    stream: s.string({
      about: 'The log stream. `{hostname}` stands for the name of this machine (in Kubernetes: of the pod).',
      default: '{hostname}',
      pattern: /^[^:*]{1,512}$/,
      expected: 'a log stream’s name, without : and *',
    }),
    region: s.string({
      about: 'The AWS region; AWS_REGION or AWS_DEFAULT_REGION unless given.',
      optional: true,
      pattern: /^[a-z0-9-]+$/,
      expected: 'a region such as eu-central-1',
      example: 'eu-central-1',
    }),
    endpoint: s.url({
      about: 'The service’s address, instead of the region’s own: a VPC endpoint or a stand-in for tests.',
      optional: true,
      example: 'http://localhost:4566',
    }),
    createGroup: s.boolean({
      about: 'Make the log group when it does not exist. The stream is always made.',
      default: true,
    }),
    messageField: s.string({
      about:
        'The record’s field that is sent as the message. Records that lack it, and all without this option, are sent whole, as JSON.',
      optional: true,
      example: 'message',
    }),
    accessKeyId: s.string({
      about:
        'Access key. Without it AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN are used, then the shared credentials file.',
      optional: true,
      example: `\${LOGS_ACCESS_KEY_ID}`,
    }),
    secretAccessKey: s.secret({
      about: 'The secret of `accessKeyId`.',
      optional: true,
      example: `\${LOGS_SECRET_ACCESS_KEY}`,
    }),
    sessionToken: s.secret({ about: 'The session token of temporary keys.', optional: true }),
    profile: s.string({ about: 'Profile of the shared credentials file.', optional: true, example: 'logs' }),
    tls: tlsConfig,
    maxEvent: s.size({
      about:
        'The largest message. A larger one goes to the dead letters whole. The service takes 1 MiB less 26 bytes (in the China regions 256 KiB).',
      default: '1MiB',
      min: '1KiB',
      max: '1MiB',
    }),
    timeout: s.duration({
      about: 'How long one request may take, answer included.',
      default: '30s',
      min: '1s',
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a request.',
      default: '1s',
      min: '10ms',
    }),
    concurrency: s.integer({
      about: 'How many requests may be under way at once.',
      default: 2,
      min: 1,
      max: 16,
    }),
    ...routingFields,
  },
  { about: 'Sends records to Amazon CloudWatch Logs.' },
)

export type CloudwatchConfig = OwnOptions<Infer<typeof cloudwatchConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkCloudwatch(config: CloudwatchConfig): Problem[] {
  const problems: Problem[] = []
  const unknown = config.stream.replaceAll('{hostname}', '').match(/\{[^}]*\}?/)
  if (unknown) {
    problems.push({
      path: ['stream'],
      message: `expected no placeholder but {hostname}, got "${unknown[0]}"`,
    })
  }
  if ((config.accessKeyId === undefined) !== (config.secretAccessKey === undefined)) {
    const [missing, given] =
      config.accessKeyId === undefined
        ? ['accessKeyId', 'secretAccessKey']
        : ['secretAccessKey', 'accessKeyId']
    problems.push({
      path: [given],
      message: `\`${missing}\` is missing beside it`,
      hint: `add \`${missing}\``,
    })
  }
  if (config.sessionToken && config.accessKeyId === undefined) {
    problems.push({
      path: ['sessionToken'],
      message: 'a session token belongs to keys',
      hint: 'add `accessKeyId` and `secretAccessKey`',
    })
  }
  if (config.accessKeyId !== undefined && config.profile !== undefined) {
    problems.push({
      path: ['profile'],
      message: 'expected keys or a profile, got both',
      hint: 'remove one of them',
    })
  }
  return problems
}
