import { authConfig, checkHttpOutput, headersConfig } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { sendingOptions } from '../http-options.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const lokiConfig = s.object(
  {
    url: s.url({
      about: 'The server’s address. `/loki/api/v1/push` is put behind it, unless it has such a path already.',
      example: 'http://loki:3100',
    }),
    labels: s.map(s.string({ about: `The label’s value. ${TEMPLATE_NOTATION}.` }), {
      about:
        'The labels that records are sorted into streams by. Few of them, with few values each: Loki keeps an index of every combination. One that a record has nothing for is left out.',
      default: { job: 'outrigger' },
      example: { job: 'checkout', app: '{kubernetes.labels.app}', level: '{level}' },
    }),
    labelsFrom: s.string({
      about: 'A field that is an object: each of its members becomes a label.',
      optional: true,
      example: 'kubernetes.labels',
    }),
    metadata: s.map(s.string({ about: 'The value, a template as in `labels`.' }), {
      about:
        'Structured metadata of each line: for values that are many, such as ids of traces. One that a record has nothing for is left out.',
      default: {},
      example: { trace_id: '{trace_id}' },
    }),
    metadataFrom: s.string({
      about: 'A field that is an object: each of its members becomes structured metadata.',
      optional: true,
      example: 'kubernetes',
    }),
    tenant: s.string({
      about: `The tenant (X-Scope-OrgID). ${TEMPLATE_NOTATION}.`,
      optional: true,
      example: '{kubernetes.namespace_name|"platform"}',
    }),
    format: s.choice(['json', 'key_value'], {
      about: 'What a line holds: the record as JSON, or `key=value` pairs with blanks between them.',
      default: 'json',
    }),
    messageField: s.string({
      about: 'The field whose text is the line. Records that lack it are sent whole, in `format`.',
      optional: true,
      example: 'message',
    }),
    removeFields: s.list(s.string({ about: 'A field.' }), {
      about: 'Fields that are left out of the line, for instance because they are labels already.',
      default: [],
      example: ['level', 'kubernetes'],
    }),
    singleField: s.choice(['keep', 'value', 'raw'], {
      about:
        'What the line of a record is that has one field only, after `removeFields`: the record, the field’s value as JSON, or a text without quotes.',
      default: 'keep',
    }),
    maxLabels: s.integer({
      about:
        'The most labels of a stream (on the server: `max_label_names_per_series`). Those of `labelsFrom` beyond it become structured metadata.',
      default: 15,
      min: 1,
      max: 64,
    }),
    auth: authConfig,
    headers: headersConfig,
    tls: tlsConfig,
    ...sendingOptions({ default: '1MiB', max: '16MiB' }),
    concurrency: s.integer({
      about:
        'How many requests may be under way at once. With 1 the lines of a stream arrive in the order in which they were read.',
      default: 1,
      min: 1,
      max: 64,
    }),
    ...routingFields,
  },
  { about: 'Sends records to Grafana Loki (protobuf, compressed with Snappy).' },
)

export type LokiConfig = OwnOptions<Infer<typeof lokiConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkLoki(config: LokiConfig): Problem[] {
  const { labels, labelsFrom, metadata, metadataFrom, tenant, messageField, removeFields, maxLabels } = config
  const problems = checkHttpOutput(config)
  for (const option of ['labels', 'metadata'] as const) {
    for (const [name, value] of Object.entries(config[option]))
      problems.push(...checkName(name, [option, name]), ...checkTemplate(value, [option, name]))
  }
  if (Object.keys(labels).length === 0 && labelsFrom === undefined) {
    const hint = 'give a label that every record has: { job: checkout }'
    problems.push({ path: ['labels'], message: 'a stream needs at least one label', hint })
  }
  if (Object.keys(labels).length > maxLabels) {
    const message = `expected at most ${maxLabels} labels, got ${Object.keys(labels).length}`
    const hint = 'move those with many values to `metadata`, or raise `maxLabels` here and on the server'
    problems.push({ path: ['labels'], message, hint })
  }
  for (const name of Object.keys(metadata)) {
    if (!Object.hasOwn(labels, name)) continue
    problems.push({ path: ['metadata', name], message: 'is a label already', hint: 'remove one of them' })
  }
  for (const [option, field] of Object.entries({ labelsFrom, metadataFrom, messageField }))
    if (field !== undefined) problems.push(...checkField(field, [option]))
  for (const [at, field] of removeFields.entries()) problems.push(...checkField(field, ['removeFields', at]))
  if (tenant !== undefined) problems.push(...checkTemplate(tenant, ['tenant'], { complete: true }))
  return problems
}

function checkName(name: string, path: Problem['path']): Problem[] {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= 1024) return []
  const message = `expected letters, digits and _ (no digit in front), got "${name}"`
  return [{ path, message }]
}
