import { fieldOf } from '../../conditions.ts'
import { literalText } from '../../templates.ts'
import { option } from '../option.ts'
import type { NotationMap, OutputPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { flushInterval } from './sending.ts'

const OWN_CLIENT = 'the client is another one'

/** Kafka. */
export const kafka: OutputPlugin = {
  about: 'Produces records to Kafka',
  options: {
    brokers: option.list(),
    topics: option.list('fluent-bit'),
    topic_key: option.text(),
    dynamic_topic: option.boolean('off'),
    message_key: option.text(),
    message_key_field: option.text(),
    format: option.text('json'),
    timestamp_key: option.text('@timestamp'),
    timestamp_format: option.text('double'),
    queue_full_retries: option.needless('what waits is in the spool', '10'),
    gelf_timestamp_key: option.needless('belongs to the format gelf'),
    gelf_short_message_key: option.needless('belongs to the format gelf'),
    gelf_full_message_key: option.needless('belongs to the format gelf'),
    gelf_host_key: option.needless('belongs to the format gelf'),
    gelf_level_key: option.needless('belongs to the format gelf'),
    raw_log_key: option.text(),
    group_id: option.needless(OWN_CLIENT),
    client_id: option.needless(OWN_CLIENT),
    'rdkafka.security.protocol': option.text(),
    'rdkafka.sasl.mechanism': option.text(),
    'rdkafka.sasl.mechanisms': option.text(),
    'rdkafka.sasl.username': option.text(),
    'rdkafka.sasl.password': option.text(),
    'rdkafka.ssl.ca.location': option.text(),
    'rdkafka.ssl.certificate.location': option.text(),
    'rdkafka.ssl.key.location': option.text(),
    'rdkafka.compression.codec': option.text(),
    'rdkafka.compression.type': option.text(),
    'rdkafka.*': option.lost('an option of another client'),
  },
  translate(settings, { flushMs }) {
    const brokers = settings.list('brokers').map(broker => (/:\d+$/.test(broker) ? broker : `${broker}:9092`))
    if (brokers.length === 0) {
      settings.fail(settings.place, 'brokers', 'is missing')
      return undefined
    }
    const format = settings.choice('format', ['json', 'raw', 'msgpack', 'gelf', 'avro'] as const) ?? 'json'
    if (format !== 'json' && format !== 'raw') {
      settings.fail(settings.placeOf('format'), 'format', `${format} is not supported`, 'json or raw')
      return undefined
    }
    const topics = settings.list('topics')
    if (topics.length > 1 && !settings.has('topic_key'))
      settings.lose(
        settings.placeOf('topics'),
        'topics',
        `of several topics the first, ${topics[0]}, is used`,
      )
    const first = topics[0] ?? 'fluent-bit'
    const topicKey = settings.text('topic_key')
    const topicField = topicKey === undefined ? undefined : fieldOf(settings, 'topic_key', topicKey)
    const [key, keyField] = [settings.text('message_key'), settings.text('message_key_field')]
    const named = keyField === undefined ? undefined : fieldOf(settings, 'message_key_field', keyField)
    const raw = settings.text('raw_log_key')
    const valueField =
      format !== 'raw' || raw === undefined ? undefined : fieldOf(settings, 'raw_log_key', raw)
    const timeFormats = ['double', 'iso8601', 'iso8601_ns'] as const
    const timeFormat = settings.choice('timestamp_format', timeFormats) ?? 'double'
    const codec = settings.text('rdkafka.compression.codec') ?? settings.text('rdkafka.compression.type')
    return {
      kind: 'kafka',
      options: {
        brokers,
        topic: topicField === undefined ? literalText(first) : `{${topicField}|${JSON.stringify(first)}}`,
        ...(named !== undefined ? { key: `{${named}}` } : key !== undefined && { key: literalText(key) }),
        ...(valueField === undefined
          ? {
              timeField: {
                field: settings.text('timestamp_key') ?? '@timestamp',
                format: timeFormat === 'double' ? 'double' : 'iso8601',
              },
            }
          : { valueField }),
        compress: codec ?? 'none',
        ...securityOf(settings),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}

function securityOf(settings: Settings): NotationMap {
  const protocol = settings.text('rdkafka.security.protocol')?.toLowerCase() ?? 'plaintext'
  const [ca, cert, key] = ['ca', 'certificate', 'key'].map(name =>
    settings.text(`rdkafka.ssl.${name}.location`),
  )
  const mechanism = settings.text('rdkafka.sasl.mechanism') ?? settings.text('rdkafka.sasl.mechanisms')
  const [username, password] = [
    settings.text('rdkafka.sasl.username'),
    settings.text('rdkafka.sasl.password'),
  ]
  return {
    ...(protocol.endsWith('ssl') && {
      tls: {
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      },
    }),
    ...(protocol.startsWith('sasl') && {
      sasl: {
        mechanism: (mechanism ?? 'plain').toLowerCase(),
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
      },
    }),
  }
}
