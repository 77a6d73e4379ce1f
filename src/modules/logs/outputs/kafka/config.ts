import { checkTls } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { timeFieldConfig } from '../time-field-config.ts'

export const kafkaConfig = s.object(
  {
    brokers: s.list(
      s.string({
        about: 'A broker’s host and port.',
        pattern: /^(\[[0-9a-fA-F:]+\]|[^:\s/]+):\d{1,5}$/,
        expected: 'host:port',
      }),
      {
        about: 'Brokers to ask for the cluster first; the others are learned from them.',
        minItems: 1,
        example: ['kafka-1:9092', 'kafka-2:9092'],
      },
    ),
    topic: s.string({
      about: `The topic of each record. ${TEMPLATE_NOTATION}. What names of topics may not have becomes _.`,
      default: 'logs',
      example: 'logs.{kubernetes.namespace_name|"none"}',
    }),
    createTopics: s.boolean({
      about: 'Ask the cluster to create topics that are missing, as far as it allows that.',
      default: false,
    }),
    key: s.string({
      about:
        'The key: records with the same go to the same partition, as Java’s clients have it. A template as in `topic`. Records that have nothing for it, and all without this option, go to the partitions in turn.',
      optional: true,
      example: '{trace_id}',
    }),
    headers: s.map(s.string({ about: 'The value, a template as in `topic`.' }), {
      about: 'Headers of each message. One that a record has nothing for is left out.',
      default: {},
      example: { tag: '{$tag}' },
    }),
    valueField: s.string({
      about: 'The field whose text is the message. Records that lack it are sent whole, as JSON.',
      optional: true,
      example: 'message',
    }),
    timeField: timeFieldConfig,
    compress: s.choice(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
      about: 'How batches are compressed.',
      default: 'zstd',
    }),
    sasl: s.object(
      {
        mechanism: s.choice(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'], {
          about: 'How the output proves who it is.',
          default: 'scram-sha-512',
        }),
        username: s.string({ about: 'User name, for all but oauthbearer.', optional: true }),
        password: s.secret({
          about: 'Password of `username`.',
          optional: true,
          example: `\${KAFKA_PASSWORD}`,
        }),
        token: s.secret({ about: 'Token, for oauthbearer.', optional: true }),
        tokenFile: s.string({
          about: 'File with such a token, read for each connection.',
          optional: true,
          example: '/var/run/secrets/tokens/kafka',
        }),
      },
      { about: 'Authentication by SASL.', optional: true },
    ),
    tls: tlsConfig,
    timeout: s.duration({
      about: 'How long a connection, and the answer to a batch, may take.',
      default: '10s',
      min: '1s',
    }),
    maxBatch: s.size({
      about:
        'The most bytes of records in one send, before compression. The brokers’ limit (message.max.bytes) is about 1 MB unless set.',
      default: '900KiB',
      min: '16KiB',
      max: '16MiB',
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a batch.',
      default: '1s',
      min: '10ms',
    }),
    ...routingFields,
  },
  {
    about:
      'Produces records to Kafka and what speaks its protocol; each batch is acknowledged by all replicas in sync.',
  },
)

export type KafkaConfig = OwnOptions<Infer<typeof kafkaConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkKafka(config: KafkaConfig): Problem[] {
  const { topic, key, headers, valueField, tls, sasl } = config
  const problems: Problem[] = [...checkTemplate(topic, ['topic'], { complete: true }), ...checkTls({ tls })]
  if (topic === '') problems.push({ path: ['topic'], message: 'expected the name of a topic' })
  if (key !== undefined) problems.push(...checkTemplate(key, ['key']))
  for (const [name, value] of Object.entries(headers))
    problems.push(...checkTemplate(value, ['headers', name]))
  if (valueField !== undefined) problems.push(...checkField(valueField, ['valueField']))
  return [...problems, ...checkSasl(sasl)]
}

function checkSasl(sasl: KafkaConfig['sasl']): Problem[] {
  if (sasl === undefined) return []
  const { mechanism, username, password, token, tokenFile } = sasl
  if (mechanism !== 'oauthbearer') {
    const missing = [
      ...(username === undefined ? ['username'] : []),
      ...(password === undefined ? ['password'] : []),
    ]
    if (missing.length > 0)
      return [{ path: ['sasl'], message: `\`${missing.join('` and `')}\` is missing`, hint: 'add it' }]
    return []
  }
  if ((token === undefined) !== (tokenFile === undefined)) return []
  return [
    { path: ['sasl'], message: 'expected `token` or `tokenFile` for oauthbearer', hint: 'give one of them' },
  ]
}
