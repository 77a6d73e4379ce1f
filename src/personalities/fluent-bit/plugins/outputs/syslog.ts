import { fieldOf } from '../../conditions.ts'
import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { bytes } from '../units.ts'
import { flushInterval, tlsClientOf } from './sending.ts'

/** Syslog. */
export const syslogOutput: OutputPlugin = {
  about: 'Sends records as syslog messages',
  options: {
    ...peer('127.0.0.1', '514'),
    mode: option.text('udp'),
    syslog_format: option.text('rfc5424'),
    syslog_maxsize: option.size(),
    syslog_severity_key: option.text(),
    syslog_severity_preset: option.needless('without a severity a message is informational', '6'),
    syslog_facility_key: option.text(),
    syslog_facility_preset: option.needless('without a facility a message is of a user', '1'),
    syslog_hostname_key: option.text(),
    syslog_hostname_preset: option.text(),
    syslog_appname_key: option.text(),
    syslog_appname_preset: option.text(),
    syslog_procid_key: option.text(),
    syslog_procid_preset: option.text(),
    syslog_msgid_key: option.text(),
    syslog_msgid_preset: option.text(),
    syslog_sd_key: option.text(undefined, { repeated: true }),
    syslog_message_key: option.text(),
    allow_longer_sd_id: option.needless('names of structured data are taken as they are', 'off'),
  },
  translate(settings, { flushMs }) {
    const mode = settings.choice('mode', ['udp', 'tcp', 'tls'] as const) ?? 'udp'
    const scheme = mode === 'tcp' && settings.boolean('tls') ? 'tls' : mode
    const host = settings.text('host') ?? '127.0.0.1'
    const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    const message = named(settings, 'message')
    const size = settings.size('syslog_maxsize')
    const names = { hostname: 'hostname', appName: 'appname', procId: 'procid', msgId: 'msgid' }
    const texts = Object.entries(names).flatMap(([ours, theirs]) => {
      const text = named(settings, theirs)
      return text === undefined ? [] : [[ours, text] as const]
    })
    const fields = { facilityField: 'facility', severityField: 'severity' }
    const known = Object.entries(fields).flatMap(([ours, theirs]) => {
      const key = settings.text(`syslog_${theirs}_key`)
      const field = key === undefined ? undefined : fieldOf(settings, `syslog_${theirs}_key`, key)
      return field === undefined ? [] : [[ours, field] as const]
    })
    const structuredData = settings
      .written('syslog_sd_key')
      .flatMap(({ text, place }) => fieldOf(settings, 'syslog_sd_key', text, place) ?? [])
    const format = settings.choice('syslog_format', ['rfc5424', 'rfc3164'] as const)
    return {
      kind: 'syslog',
      options: {
        url: `${scheme}://${shown}:${settings.integer('port') ?? 514}`,
        ...(format !== undefined && { format }),
        ...(scheme === 'tcp' && { framing: 'newline' }),
        ...(message !== undefined && { message }),
        ...Object.fromEntries(texts),
        ...Object.fromEntries(known),
        ...(structuredData.length > 0 && { structuredData }),
        ...(size !== undefined && { maxMessage: bytes(Math.min(60 * 1024, Math.max(480, size))) }),
        ...(scheme === 'tls' && tlsClientOf(settings, true)),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}

/** The value of a field, else the preset. */
function named(settings: Settings, name: string): string | undefined {
  const key = settings.text(`syslog_${name}_key`)
  const preset = name === 'message' ? undefined : settings.text(`syslog_${name}_preset`)
  const field = key === undefined ? undefined : fieldOf(settings, `syslog_${name}_key`, key)
  if (field === undefined) return preset === undefined ? undefined : `{${JSON.stringify(preset)}}`
  return preset === undefined ? `{${field}}` : `{${field}|${JSON.stringify(preset)}}`
}
