import { fieldOf, patternOf } from '../../conditions.ts'
import { fieldNotation } from '../../values/accessor.ts'
import { readCommaList, readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

const NOW = 'metrics are counted at once'

/** Makes metrics of records. */
export const logToMetrics: FilterPlugin = {
  about:
    'Makes a metric of records, for outputs that take metrics; it is served with those of the sidecar, too',
  options: {
    tag: option.text(),
    metric_mode: option.text('counter'),
    metric_name: option.text(),
    metric_namespace: option.text('log_metric'),
    metric_subsystem: option.text(),
    metric_description: option.text(),
    value_field: option.text(),
    bucket: option.text(undefined, { repeated: true }),
    label_field: option.text(undefined, { repeated: true }),
    add_label: option.text(undefined, { repeated: true }),
    kubernetes_mode: option.boolean('off'),
    regex: option.text(undefined, { repeated: true }),
    exclude: option.text(undefined, { repeated: true }),
    discard_logs: option.boolean('false'),
    emitter_name: option.needless(NOW),
    emitter_mem_buf_limit: option.needless(NOW, '10M'),
    flush_interval_sec: option.needless(NOW, '0'),
    flush_interval_nsec: option.needless(NOW, '0'),
    interval_sec: option.needless(NOW, '0'),
    interval_nsec: option.needless(NOW, '0'),
  },
  translate(settings, around) {
    const kind = settings.choice('metric_mode', ['counter', 'gauge', 'histogram'] as const) ?? 'counter'
    const name = settings.text('metric_name')
    if (name === undefined) {
      settings.fail(settings.place, 'metric_name', 'is missing')
      return undefined
    }
    const parts = [
      settings.text('metric_namespace') ?? 'log_metric',
      settings.text('metric_subsystem') || kind,
      name,
    ]
    const full = parts.filter(part => part !== '').join('_')
    const labels: Record<string, string> = {}
    for (const { text } of settings.written('label_field'))
      for (const field of readCommaList(text)) labels[labelName(field)] = fieldNotation([field]) ?? field
    for (const { text, place } of settings.written('add_label')) {
      const [label, accessor] = readWords(text, 2)
      const field = accessor === undefined ? undefined : fieldOf(settings, 'add_label', accessor, place)
      if (label !== undefined && field !== undefined) labels[label] = field
    }
    if (settings.boolean('kubernetes_mode'))
      for (const field of ['namespace_name', 'pod_name', 'container_name', 'docker_id', 'pod_id'])
        labels[field] = `kubernetes.${field}`
    const valueKey = settings.text('value_field')
    const value = valueKey === undefined ? undefined : fieldOf(settings, 'value_field', valueKey)
    const buckets = settings.written('bucket').map(({ text }) => Number(text))
    const help = settings.text('metric_description')
    const dropRecord = settings.boolean('discard_logs') ?? false
    around.metrics.push({
      tag: settings.text('tag') ?? around.name,
      names: [full],
      intervalMs: around.flushMs,
    })
    const metric = {
      metric: {
        kind,
        name: full,
        ...(help !== undefined && { help }),
        ...(value !== undefined && kind !== 'counter' && { value }),
        ...(Object.keys(labels).length > 0 && { labels }),
        ...(kind === 'histogram' && buckets.length > 0 && { buckets: buckets.toSorted((a, b) => a - b) }),
        ...(dropRecord && { dropRecord }),
      },
    }
    const tests = settings.ordered(['regex', 'exclude']).flatMap(({ key, text, place }) => {
      const [accessor = '', regex = ''] = readWords(text, 2)
      const field = fieldOf(settings, key, accessor, place)
      const pattern = patternOf(settings, key, regex, place)
      return field === undefined || pattern === undefined
        ? []
        : [`${key === 'regex' ? '' : 'not '}${field} matches ${pattern}`]
    })
    return tests.length === 0 ? [metric] : [{ only: { when: tests.join(' and '), steps: [metric] } }]
  },
}

function labelName(field: string): string {
  return field.replaceAll(/[^A-Za-z0-9_]/g, '_')
}
