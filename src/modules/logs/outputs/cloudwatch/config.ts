import { awsFields, checkAws } from '../../../../backends/aws/options.ts'
import { checkTls } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const cloudwatchConfig = s.object(
  {
    group: s.string({
      about: `The log group. ${TEMPLATE_NOTATION}. What a group’s name may not have becomes \`_\`.`,
      example: '/apps/checkout',
    }),
    groupFallback: s.string({
      about: 'The group of records that have nothing for a place in `group`.',
      optional: true,
      example: '/apps/other',
    }),
    stream: s.string({
      about: 'The log stream: a template as `group`. What a stream’s name may not have becomes `-`.',
      default: '{$hostname}',
      example: '{kubernetes.pod_name}',
    }),
    streamFallback: s.string({
      about: 'The stream of records that have nothing for a place in `stream`.',
      optional: true,
      example: '{$hostname}',
    }),
    ...awsFields,
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
    retentionDays: s.integer({
      about:
        'How long a log group that we make keeps its events: one of the numbers of days that the service knows (1, 3, 5, 7, 14, 30, 60, 90, …). For ever unless given.',
      optional: true,
      min: 1,
      max: 3653,
      example: 30,
    }),
    groupClass: s.choice(['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'], {
      about: 'The class of a log group that we make.',
      optional: true,
    }),
    embeddedMetrics: s.boolean({
      about:
        'The records are in the embedded metric format (EMF): the service makes metrics of them. They are sent as they are.',
      default: false,
    }),
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
  const problems = [...checkAws(config), ...checkTls({ url: config.endpoint, tls: config.tls })]
  for (const option of ['group', 'stream'] as const) {
    const fallback = `${option}Fallback` as const
    const complete = config[fallback] === undefined
    problems.push(...checkTemplate(config[option], [option], { times: true, complete }))
    const last = config[fallback]
    if (last !== undefined) problems.push(...checkTemplate(last, [fallback], { times: true, complete: true }))
  }
  if (!/[{%]/.test(config.group) && !/^[.\-_/#A-Za-z0-9]{1,512}$/.test(config.group)) {
    const message = `expected a log group’s name: letters, digits and . - _ / #, got "${config.group}"`
    problems.push({ path: ['group'], message })
  }
  if (!/[{%]/.test(config.stream) && !/^[^:*]{1,512}$/.test(config.stream)) {
    const message = `expected a log stream’s name, without : and *, got "${config.stream}"`
    problems.push({ path: ['stream'], message })
  }
  const { retentionDays, createGroup } = config
  if (retentionDays !== undefined && !retentions.has(retentionDays)) {
    const near = [...retentions].filter(days => days > retentionDays)[0]
    const message = `expected a number of days that the service knows, got ${retentionDays}`
    problems.push({
      path: ['retentionDays'],
      message,
      ...(near ? { hint: `the next longer one is ${near}` } : {}),
    })
  }
  if (!createGroup && (retentionDays !== undefined || config.groupClass !== undefined)) {
    const option = retentionDays === undefined ? 'groupClass' : 'retentionDays'
    problems.push({ path: [option], message: 'has no effect with `createGroup: false`', hint: 'remove it' })
  }
  return problems
}

/** PutRetentionPolicy in the API reference. */
const retentions = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
])
