import { templateOf } from '../../templates.ts'
import { option, tlsClient } from '../option.ts'
import type { NotationMap, OutputPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { flushInterval } from './sending.ts'

/** Amazon CloudWatch Logs. */
export const cloudwatch: OutputPlugin = {
  about: 'Sends records to Amazon CloudWatch Logs',
  options: {
    ...tlsClient,
    region: option.text(),
    log_group_name: option.text(),
    log_group_template: option.text(),
    log_stream_name: option.text(),
    log_stream_prefix: option.text(),
    log_stream_template: option.text(),
    log_key: option.text(),
    log_format: option.text(),
    log_group_class: option.text('STANDARD'),
    log_retention_days: option.integer('0'),
    role_arn: option.text(),
    external_id: option.text(),
    sts_endpoint: option.text(),
    profile: option.text(),
    endpoint: option.text(),
    port: option.integer('443'),
    auto_create_group: option.boolean('off'),
    auto_retry_requests: option.needless('what fails is tried again', 'true'),
    extra_user_agent: option.needless('the user agent is our own'),
    metric_namespace: option.lost('metrics of the machine'),
    metric_dimensions: option.needless('belongs to metric_namespace'),
    add_entity: option.lost('entities', 'false'),
    alarm_id: option.needless('for tests of its own'),
  },
  metrics: 'lost',
  translate(settings, { flushMs }) {
    const names = namesOf(settings)
    if (names === undefined) return undefined
    const texts = {
      region: 'region',
      roleArn: 'role_arn',
      externalId: 'external_id',
      profile: 'profile',
      messageField: 'log_key',
    } as const
    const plain: Record<string, string> = {}
    for (const [ours, theirs] of Object.entries(texts)) {
      const value = settings.text(theirs)
      if (value !== undefined) plain[ours] = value
    }
    const retention = settings.integer('log_retention_days') ?? 0
    const createGroup = settings.boolean('auto_create_group') ?? false
    const [endpoint, sts] = [urlText(settings, 'endpoint'), urlText(settings, 'sts_endpoint')]
    const groupClass = settings.text('log_group_class')
    return {
      kind: 'cloudwatch',
      options: {
        ...names,
        ...plain,
        ...(endpoint !== undefined && { endpoint }),
        ...(sts !== undefined && { stsEndpoint: sts }),
        createGroup,
        ...(createGroup && retention > 0 && { retentionDays: retention }),
        ...(createGroup && groupClass !== undefined && { groupClass }),
        ...(settings.text('log_format') === 'json/emf' && { embeddedMetrics: true }),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}

/** Templates fall back to the plain names. */
function namesOf(settings: Settings): NotationMap | undefined {
  const [group, stream, prefix] = ['log_group_name', 'log_stream_name', 'log_stream_prefix'].map(key =>
    settings.text(key),
  )
  if (group === undefined) settings.fail(settings.place, 'log_group_name', 'is missing')
  if (stream === undefined && prefix === undefined)
    settings.fail(settings.place, 'log_stream_name', 'is missing; this or log_stream_prefix is needed')
  if (group === undefined || (stream === undefined && prefix === undefined)) return undefined
  const plainStream = stream === undefined ? `${escaped(prefix!)}{$tag}` : escaped(stream)
  const [groupTemplate, streamTemplate] = ['log_group_template', 'log_stream_template'].map(key => {
    const text = settings.text(key)
    return text === undefined ? undefined : templateOf(settings, key, text)
  })
  return {
    ...(groupTemplate === undefined
      ? { group: escaped(group) }
      : { group: groupTemplate, groupFallback: escaped(group) }),
    ...(streamTemplate === undefined
      ? { stream: plainStream }
      : { stream: streamTemplate, streamFallback: plainStream }),
  }
}

/** A plain name has no places for records. */
function escaped(text: string): string {
  return text.replaceAll(/[{}%]/g, '$&$&')
}

function urlText(settings: Settings, key: string): string | undefined {
  const text = settings.text(key)
  if (text === undefined || /^https?:\/\//.test(text)) return text
  const secure = settings.boolean('tls') ?? true
  const port = key === 'endpoint' ? settings.integer('port') : undefined
  return `${secure ? 'https' : 'http'}://${text}${port === undefined ? '' : `:${port}`}`
}
