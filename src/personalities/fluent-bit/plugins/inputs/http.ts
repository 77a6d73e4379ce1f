import { readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { InputPlugin } from '../plugin.ts'
import { httpListeningOf, httpListeningOptions, successStatusOf } from './listening.ts'

const OAUTH = 'checks of OAuth 2.0 tokens'

/** Takes JSON that is POSTed. */
export const http: InputPlugin = {
  about: 'Takes JSON by HTTP',
  options: {
    ...httpListeningOptions('9880'),
    tag_key: option.text(),
    success_header: option.text(undefined, { repeated: true }),
    add_remote_addr: option.boolean('false'),
    remote_addr_key: option.text('REMOTE_ADDR'),
    'oauth2.validate': option.lost(OAUTH, 'false'),
    'oauth2.issuer': option.needless('belongs to oauth2.validate'),
    'oauth2.jwks_url': option.needless('belongs to oauth2.validate'),
    'oauth2.allowed_audience': option.needless('belongs to oauth2.validate'),
    'oauth2.allowed_clients': option.needless('belongs to oauth2.validate'),
    'oauth2.jwks_refresh_interval': option.needless('belongs to oauth2.validate'),
  },
  translate(settings) {
    const headers: Record<string, string> = {}
    for (const { text, place } of settings.written('success_header')) {
      const [name, value] = readWords(text, 2)
      if (name === undefined || value === undefined)
        settings.fail(place, 'success_header', `expected NAME VALUE, got "${text}"`)
      else headers[name] = value
    }
    const tagField = settings.text('tag_key')
    return {
      kind: 'http',
      options: {
        tagFromPath: true,
        ...httpListeningOf(settings, 9880),
        ...(tagField !== undefined && { tagField }),
        ...(settings.boolean('add_remote_addr') && {
          remoteAddressField: settings.text('remote_addr_key') ?? 'REMOTE_ADDR',
          trustForwardedFor: true,
        }),
        ...successStatusOf(settings, 201),
        ...(Object.keys(headers).length > 0 && { successHeaders: headers }),
      },
    }
  },
}

/** Takes OTLP. */
export const opentelemetry: InputPlugin = {
  about: 'Takes logs by OTLP, over HTTP and gRPC',
  options: {
    ...httpListeningOptions('4318'),
    tag_key: option.lost('tags that fields of the records name'),
    tag_from_uri: option.boolean('true'),
    raw_traces: option.lost('traces as logs', 'false'),
    profiles_support: option.lost('profiles', 'false'),
    logs_metadata_key: option.lost('the name of the metadata', 'otlp'),
    logs_body_key: option.text('log'),
    encode_profiles_as_log: option.lost('profiles as logs', 'true'),
  },
  translate(settings) {
    // v1/logs, as the path says; a tag of its own counts with tag_from_uri off only.
    const fromUri = settings.boolean('tag_from_uri') ?? true
    return {
      kind: 'otlp',
      options: {
        ...(fromUri && { tag: 'v1_logs' }),
        ...httpListeningOf(settings, 4318),
        bodyField: settings.text('logs_body_key') ?? 'log',
        ...successStatusOf(settings, 201),
      },
    }
  },
}

/** Takes events of Splunk's HEC. */
export const splunk: InputPlugin = {
  about: 'Takes events of the HTTP Event Collector of Splunk',
  options: {
    ...httpListeningOptions('8088'),
    splunk_token: option.list(),
    splunk_token_key: option.text('@splunk_token'),
    store_token_in_metadata: option.boolean('true'),
    tag_key: option.text(),
    success_header: option.lost('further headers of answers'),
    add_remote_addr: option.lost('the address of the sender', 'false'),
    remote_addr_key: option.needless('belongs to add_remote_addr'),
  },
  translate(settings) {
    const tokens = settings.list('splunk_token')
    const tagField = settings.text('tag_key')
    const stores = settings.boolean('store_token_in_metadata') ?? true
    return {
      kind: 'splunk',
      options: {
        ...httpListeningOf(settings, 8088),
        ...(tokens.length > 0 && { tokens }),
        ...(tagField !== undefined && { tagField }),
        ...(!stores && { tokenField: settings.text('splunk_token_key') ?? '@splunk_token' }),
        eventField: 'log',
        records: 'envelopes',
        // The path names the tag, unless one is given.
        ...(settings.has('tag') ? {} : { tag: '*', tagFrom: 'path' }),
      },
    }
  },
}

/** Takes `_bulk` requests. */
export const elasticsearch: InputPlugin = {
  about: 'Takes bulk requests of Elasticsearch',
  options: {
    ...httpListeningOptions('9200'),
    tag_key: option.text(),
    meta_key: option.text('@meta'),
    hostname: option.needless('senders are told the address that they asked', 'localhost'),
    version: option.text('8.0.0'),
  },
  translate(settings) {
    const [tagField, metaField, version] = ['tag_key', 'meta_key', 'version'].map(key => settings.text(key))
    return {
      kind: 'elasticsearch',
      options: {
        ...httpListeningOf(settings, 9200),
        ...(tagField !== undefined && { tagField }),
        ...(metaField !== undefined && { metaField }),
        version: version ?? '8.0.0',
      },
    }
  },
}
