import { templateOf } from '../../templates.ts'
import { fieldNotation, parseAccessor } from '../../values/accessor.ts'
import { readWords } from '../../values/scalars.ts'
import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { flushInterval, tlsClientOf, urlOf } from './sending.ts'

/** The HTTP Event Collector of Splunk. */
export const splunk: OutputPlugin = {
  about: 'Sends records to the HTTP Event Collector of Splunk',
  options: {
    ...peer('127.0.0.1', '8088'),
    splunk_token: option.text(),
    splunk_send_raw: option.boolean('off'),
    event_key: option.text(),
    event_host: option.text(),
    event_source: option.text(),
    event_sourcetype: option.text(),
    event_sourcetype_key: option.text(),
    event_index: option.text(),
    event_index_key: option.text(),
    event_field: option.text(undefined, { repeated: true }),
    channel: option.text(),
    compress: option.text(),
    http_user: option.text(),
    http_passwd: option.text(),
    http_buffer_size: option.needless('answers have a limit of their own', '2M'),
    http_debug_bad_request: option.needless('what is refused is kept with its reason', 'off'),
  },
  metrics: 'lost',
  translate(settings, { flushMs }) {
    const token = settings.text('splunk_token')
    const user = settings.text('http_user')
    if (token === undefined && user === undefined) {
      settings.fail(settings.place, 'splunk_token', 'is missing')
      return undefined
    }
    const [host, source] = [template(settings, 'event_host'), template(settings, 'event_source')]
    const sourcetype = keyed(settings, 'event_sourcetype')
    const index = keyed(settings, 'event_index')
    const eventKey = settings.text('event_key')
    const eventField =
      eventKey === undefined ? undefined : fieldNotation(parseAccessor(eventKey) ?? [eventKey])
    const fields: Record<string, string> = {}
    for (const { text, place } of settings.written('event_field')) {
      const [name, accessor] = readWords(text, 2)
      const path = accessor === undefined ? undefined : parseAccessor(accessor)
      const field = path && fieldNotation(path)
      if (name === undefined || field === undefined)
        settings.fail(place, 'event_field', `expected NAME $KEY, got "${text}"`)
      else fields[name] = `{${field}}`
    }
    const channel = settings.text('channel')
    return {
      kind: 'splunk',
      options: {
        url: urlOf(settings, '127.0.0.1', 8088),
        ...(token === undefined
          ? { auth: { username: user!, password: settings.text('http_passwd') ?? '' } }
          : { token }),
        // A raw event has its members itself.
        ...(settings.boolean('splunk_send_raw') && { format: 'envelope' }),
        ...(eventField !== undefined && { eventField }),
        ...(host !== undefined && { host }),
        ...(source !== undefined && { source }),
        ...(sourcetype !== undefined && { sourcetype }),
        ...(index !== undefined && { index }),
        ...(Object.keys(fields).length > 0 && { fields }),
        ...(channel !== undefined && { channel }),
        compress: settings.text('compress')?.toLowerCase() === 'gzip' ? 'gzip' : 'none',
        ...tlsClientOf(settings),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}

function template(settings: Settings, key: string): string | undefined {
  const text = settings.text(key)
  return text === undefined ? undefined : templateOf(settings, key, text)
}

/** The value of a field, else the fixed one. */
function keyed(settings: Settings, key: string): string | undefined {
  const fixed = settings.text(key)
  const accessor = settings.text(`${key}_key`)
  const path = accessor === undefined ? undefined : parseAccessor(accessor)
  const field = path && fieldNotation(path)
  if (field === undefined) return template(settings, key)
  return fixed === undefined ? `{${field}}` : `{${field}|${JSON.stringify(fixed)}}`
}
