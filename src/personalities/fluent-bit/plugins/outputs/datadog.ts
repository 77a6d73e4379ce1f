import { literalText } from '../../templates.ts'
import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { flushInterval, tlsClientOf, urlOf } from './sending.ts'

/** The logs intake of Datadog. */
export const datadog: OutputPlugin = {
  about: 'Sends records to Datadog',
  options: {
    ...peer('http-intake.logs.datadoghq.com', '443'),
    tls: option.boolean('on'),
    apikey: option.text(),
    compress: option.text(),
    proxy: option.lost('a proxy'),
    provider: option.needless('only Amazon ECS is a provider, and its fields are in the records'),
    json_date_key: option.text('timestamp'),
    include_tag_key: option.boolean('false'),
    tag_key: option.text('tagkey'),
    dd_service: option.text(),
    dd_source: option.text(),
    dd_tags: option.list(),
    dd_message_key: option.text('log'),
    dd_hostname: option.text(),
    site: option.text(),
    header: option.lost('further headers'),
  },
  translate(settings, { flushMs }) {
    const apiKey = settings.text('apikey')
    if (apiKey === undefined) {
      settings.fail(settings.place, 'apikey', 'is missing')
      return undefined
    }
    const texts = { service: 'dd_service', source: 'dd_source', host: 'dd_hostname' } as const
    const templates: Record<string, string> = {}
    for (const [ours, theirs] of Object.entries(texts)) {
      const value = settings.text(theirs)
      if (value !== undefined) templates[ours] = literalText(value)
    }
    const ddTags = settings.list('dd_tags').map(literalText)
    const host = settings.text('host')
    const secure = settings.boolean('tls') ?? true
    const url = urlOf(settings, 'http-intake.logs.datadoghq.com', secure ? 443 : 80, '/api/v2/logs')
    const [timeField, messageField] = [settings.text('json_date_key'), settings.text('dd_message_key')]
    return {
      kind: 'datadog',
      options: {
        apiKey,
        ...(host !== undefined && { url: secure ? url.replace(/^http:/, 'https:') : url }),
        ...templates,
        ...(ddTags.length > 0 && { ddTags }),
        ...(messageField !== undefined && { messageField }),
        ...(timeField !== undefined && { timeField }),
        ...(settings.boolean('include_tag_key') && { tagField: settings.text('tag_key') ?? 'tagkey' }),
        compress: settings.text('compress')?.toLowerCase() === 'gzip' ? 'gzip' : 'none',
        ...tlsClientOf(settings),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}
