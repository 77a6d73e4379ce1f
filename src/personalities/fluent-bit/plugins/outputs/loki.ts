import { fieldOf } from '../../conditions.ts'
import { literalText, templateOf } from '../../templates.ts'
import { fieldNotation, parseAccessor } from '../../values/accessor.ts'
import { readCommaList } from '../../values/scalars.ts'
import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { flushInterval, tlsClientOf, urlOf, userOf } from './sending.ts'

/** Grafana Loki. */
export const loki: OutputPlugin = {
  about: 'Sends records to Grafana Loki',
  options: {
    ...peer('127.0.0.1', '3100'),
    uri: option.text('/loki/api/v1/push'),
    http_user: option.text(),
    http_passwd: option.text(),
    bearer_token: option.text(),
    header: option.text(undefined, { repeated: true }),
    tenant_id: option.text(),
    tenant_id_key: option.text(),
    labels: option.list('job=fluent-bit'),
    label_keys: option.list(),
    label_map_path: option.lost('labels of a file'),
    structured_metadata: option.list(),
    structured_metadata_map_keys: option.list(),
    remove_keys: option.list(),
    drop_single_key: option.text('off'),
    line_format: option.text('json'),
    auto_kubernetes_labels: option.boolean('off'),
    compress: option.needless('lines go as protobuf with Snappy'),
    buffer_size: option.needless('answers have a limit of their own', '512KB'),
  },
  translate(settings, { flushMs }) {
    const labels = labelsOf(settings, 'labels', { job: 'fluent-bit' })
    for (const accessor of settings.list('label_keys')) {
      const field = fieldOf(settings, 'label_keys', accessor)
      const path = parseAccessor(accessor)
      if (field !== undefined && path !== undefined) labels[labelName(String(path.at(-1)))] = `{${field}}`
    }
    const metadata = labelsOf(settings, 'structured_metadata', {})
    const removeFields = settings
      .list('remove_keys')
      .flatMap(key => fieldOf(settings, 'remove_keys', key) ?? [])
    const [tenant, tenantKey, bearer] = ['tenant_id', 'tenant_id_key', 'bearer_token'].map(key =>
      settings.text(key),
    )
    const tenantField = tenantKey === undefined ? undefined : fieldOf(settings, 'tenant_id_key', tenantKey)
    // A record without it goes where the server puts what names no tenant.
    const last = `|${JSON.stringify(tenant ?? '')}`
    const auth = { ...userOf(settings), ...(bearer !== undefined && { bearer }) }
    const single = settings.text('drop_single_key')?.toLowerCase()
    const format = settings.choice('line_format', ['json', 'key_value'] as const) ?? 'json'
    const [from] = settings.list('structured_metadata_map_keys')
    const metadataFrom =
      from === undefined ? undefined : fieldOf(settings, 'structured_metadata_map_keys', from)
    return {
      kind: 'loki',
      options: {
        url: urlOf(settings, '127.0.0.1', 3100, settings.text('uri') ?? ''),
        labels,
        ...(settings.boolean('auto_kubernetes_labels') && { labelsFrom: 'kubernetes.labels' }),
        ...(Object.keys(metadata).length > 0 && { metadata }),
        ...(metadataFrom !== undefined && { metadataFrom }),
        ...(tenantField === undefined
          ? tenant !== undefined && { tenant: literalText(tenant) }
          : { tenant: `{${tenantField}${last}}` }),
        ...(format !== 'json' && { format }),
        ...(removeFields.length > 0 && { removeFields }),
        ...(single === 'raw'
          ? { singleField: 'raw' }
          : settings.text('drop_single_key') !== undefined && isOn(single) && { singleField: 'value' }),
        ...(Object.keys(auth).length > 0 && { auth }),
        ...tlsClientOf(settings),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}

function isOn(text: string | undefined): boolean {
  return ['on', 'true', 'yes', '1'].includes(text ?? '')
}

/** `job=fluentbit, $sub['stream'], pod=$kubernetes['pod_name']` */
function labelsOf(settings: Settings, key: string, fallback: Record<string, string>): Record<string, string> {
  const entries = settings.written(key).flatMap(({ text }) => readCommaList(text))
  if (entries.length === 0) return { ...fallback }
  const labels: Record<string, string> = {}
  for (const entry of entries) {
    const at = entry.startsWith('$') ? -1 : entry.indexOf('=')
    const value = at < 0 ? entry : entry.slice(at + 1).trim()
    const path = at < 0 ? parseAccessor(value) : undefined
    const name = at < 0 ? labelName(String(path?.at(-1) ?? value)) : entry.slice(0, at).trim()
    const accessor = value.startsWith('$') ? parseAccessor(value) : undefined
    const field = accessor && fieldNotation(accessor)
    const template = field === undefined ? templateOf(settings, key, value) : `{${field}}`
    if (template !== undefined) labels[name] = template
  }
  return labels
}

function labelName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_')
}
