import { awsFields, checkAws } from '../../../../backends/aws/options.ts'
import { checkTls, checkUrl } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { timeFieldConfig } from '../time-field-config.ts'

export const s3Config = s.object(
  {
    bucket: s.string({
      about: 'The bucket.',
      pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      expected: 'the name of a bucket',
      example: 'company-logs',
    }),
    key: s.string({
      about: `The key of each object. ${TEMPLATE_NOTATION}; \`%Y\` and so on also outside of braces. \`{$uuid}\` stands for 8 random characters, \`{$index}\` for a number that grows with each object. Records with different tags or fields in it go to different objects; times are those of an object’s first record.`,
      default: 'logs/{$tag}/%Y/%m/%d/%H/%M%S-{$uuid}.ndjson',
      example: 'logs/{app|"other"}/%Y/%m/%d/%H-{$uuid}.ndjson.gz',
    }),
    overwrite: s.boolean({
      about:
        'Let the key be the same for several objects, of which the last one stays. Without it the key must have `{$uuid}` or `{$index}` in it.',
      default: false,
    }),
    ...awsFields,
    endpoint: s.url({
      about: 'The address of the service, instead of the region’s own: MinIO, a VPC endpoint.',
      optional: true,
      example: 'http://minio:9000',
    }),
    pathStyle: s.boolean({
      about:
        'Put the bucket into the path and not into the host name. Default: with an `endpoint`, and for buckets with a dot.',
      optional: true,
    }),
    messageField: s.string({
      about:
        'The field whose text is a line. Records that lack it, and all without this option, are written as JSON.',
      optional: true,
      example: 'message',
    }),
    time: timeFieldConfig,
    compress: s.choice(['none', 'gzip', 'zstd'], {
      about: 'How objects are compressed; told as their `content-encoding`.',
      default: 'none',
    }),
    objectSize: s.size({
      about: 'An object is complete when so much was written to it, before compression.',
      default: '64MiB',
      min: '1MiB',
      max: '50GiB',
    }),
    objectAge: s.duration({
      about: 'An object is complete when its first record was written so long ago.',
      default: '10m',
      min: '1s',
    }),
    partSize: s.size({
      about:
        'An object that is larger is uploaded in parts of this size. One part at a time is held in memory.',
      default: '5MiB',
      min: '5MiB',
      max: '100MiB',
    }),
    maxBuffer: s.size({
      about:
        'What records may take on disk until their object is uploaded. When it is full the output takes no more, and they wait in the spool.',
      default: '1GiB',
      min: '8MiB',
    }),
    contentType: s.string({
      about: 'The `content-type` of objects.',
      default: 'application/x-ndjson',
    }),
    storageClass: s.choice(
      [
        'STANDARD',
        'REDUCED_REDUNDANCY',
        'STANDARD_IA',
        'ONEZONE_IA',
        'INTELLIGENT_TIERING',
        'GLACIER',
        'GLACIER_IR',
        'DEEP_ARCHIVE',
        'EXPRESS_ONEZONE',
      ],
      { about: 'The storage class of objects.', optional: true },
    ),
    acl: s.choice(
      [
        'private',
        'public-read',
        'public-read-write',
        'authenticated-read',
        'aws-exec-read',
        'bucket-owner-read',
        'bucket-owner-full-control',
      ],
      { about: 'The canned ACL of objects.', optional: true },
    ),
    encryption: s.choice(['AES256', 'aws:kms', 'aws:kms:dsse'], {
      about: 'How the service encrypts objects; as the bucket says unless given.',
      optional: true,
    }),
    kmsKeyId: s.string({
      about: 'The key of `encryption: aws:kms`.',
      optional: true,
      example: 'arn:aws:kms:eu-central-1:123456789012:key/1234',
    }),
    tls: tlsConfig,
    timeout: s.duration({
      about: 'How long one request may take, answer included.',
      default: '60s',
      min: '1s',
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others until it is written to the disk.',
      default: '1s',
      min: '10ms',
    }),
    ...routingFields,
  },
  {
    about:
      'Gathers records in files of the data folder, and uploads each to Amazon S3, or to a server that speaks its language, when it is complete.',
  },
)

export type S3Config = OwnOptions<Infer<typeof s3Config>>

/** `{$uuid}` and `{$index}` have a meaning in keys. */
export const keyRules = { times: true, names: ['uuid', 'index'] } as const

/** Rules between the options. Paths begin at the output’s own key. */
export function checkS3(config: S3Config): Problem[] {
  const {
    key,
    overwrite,
    endpoint,
    messageField,
    time,
    objectSizeBytes,
    maxBufferBytes,
    encryption,
    kmsKeyId,
  } = config
  const problems = [
    ...checkAws(config),
    ...checkUrl(endpoint).map(problem => ({ ...problem, path: ['endpoint'] })),
    ...checkTls({ url: endpoint, tls: config.tls }),
    ...checkTemplate(key, ['key'], { ...keyRules, complete: true }),
    ...(messageField === undefined ? [] : checkField(messageField, ['messageField'])),
  ]
  const add = (option: string, message: string, hint: string) =>
    problems.push({ path: [option], message, hint })
  if (!overwrite && !/\{\s*\$(uuid|index)\b/.test(key))
    add('key', 'two objects could have the same key, and only the last one would stay', 'add {$uuid} to it')
  if (key.startsWith('/'))
    add('key', 'begins with a slash, which would be a folder without a name', 'remove the slash')
  if (messageField !== undefined && time)
    add('time', 'has no effect on lines of `messageField`', 'remove one of them')
  if (objectSizeBytes * 2 > maxBufferBytes)
    add('maxBuffer', 'is too small for two objects', 'raise it, or make `objectSize` smaller')
  if (kmsKeyId !== undefined && !encryption?.startsWith('aws:kms'))
    add('kmsKeyId', 'has no effect without `encryption: aws:kms`', 'add that, or remove it')
  return problems
}
