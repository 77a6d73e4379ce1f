import type { Section, Value } from '../../syntax/document.ts'
import { option, peer } from '../option.ts'
import type { NotationMap, OutputPlugin, Surroundings } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { flushInterval, tlsClientOf } from './sending.ts'

/** The protocol of Fluentd. */
export const forwardOutput: OutputPlugin = {
  about: 'Sends records by the protocol of Fluentd',
  options: {
    ...peer('127.0.0.1', '24224'),
    upstream: option.text(),
    unix_path: option.lost('the socket of the receiver'),
    time_as_integer: option.boolean('false'),
    tag: option.text(),
    send_options: option.needless('every batch has its options', 'false'),
    retain_metadata_in_forward_mode: option.lost('metadata of the records', 'false'),
    add_option: option.lost('further options of the batches'),
    fluentd_compat: option.needless('batches are packed as Fluentd takes them', 'false'),
    require_ack_response: option.boolean('false'),
    compress: option.text(),
    shared_key: option.text(),
    empty_shared_key: option.boolean('false'),
    self_hostname: option.text('localhost'),
    username: option.text(),
    password: option.text(),
  },
  metrics: 'lost',
  translate(settings, around) {
    const servers = serversOf(settings, around)
    if (servers === undefined) return undefined
    const compress = settings.choice('compress', ['gzip', 'zstd'] as const)
    const tag = settings.text('tag')
    // In the original nobody has to acknowledge unless it is asked for, and what a receiver loses is lost.
    const acknowledged = settings.boolean('require_ack_response') ?? !around.strict
    return {
      kind: 'forward',
      options: {
        servers,
        ...(tag !== undefined && { tagAs: tag.replaceAll(/[{}]/g, '$&$&') }),
        ...(!acknowledged && { acknowledged }),
        ...(compress !== undefined && { compress }),
        ...(settings.boolean('time_as_integer') && { time: 'seconds' }),
        ...authOf(settings),
        ...(settings.boolean('tls') && { tls: {}, ...tlsClientOf(settings) }),
        flushInterval: flushInterval(around.flushMs),
      },
    }
  },
}

function authOf(settings: Settings): NotationMap {
  const key = settings.text('shared_key') ?? (settings.boolean('empty_shared_key') ? '' : undefined)
  if (key === undefined) return {}
  const hostname = settings.text('self_hostname')
  const username = settings.text('username')
  return {
    auth: {
      sharedKey: key,
      ...(hostname !== undefined && { hostname }),
      ...(username !== undefined && { username, password: settings.text('password') ?? '' }),
    },
  }
}

/** One receiver, or the nodes of an upstream. */
function serversOf(settings: Settings, { upstreams }: Surroundings): NotationMap[] | undefined {
  const name = settings.text('upstream')
  if (name === undefined)
    return [{ address: addressOf(settings.text('host') ?? '127.0.0.1', settings.integer('port') ?? 24224) }]
  const upstream = upstreams.get(name)
  if (upstream === undefined) {
    settings.fail(settings.placeOf('upstream'), 'upstream', `there is no upstream "${name}"`)
    return undefined
  }
  const servers = nodesOf(upstream)
  if (servers.length > 0) return servers
  settings.fail(settings.placeOf('upstream'), 'upstream', `the upstream "${name}" has no nodes with a host`)
  return undefined
}

function nodesOf({ properties }: Section): NotationMap[] {
  return properties
    .filter(({ key }) => key.toLowerCase() === 'nodes' || key.toLowerCase() === 'node')
    .flatMap(({ value }) => (isList(value) ? value.map(item => item.value) : [value]))
    .flatMap(node => {
      const host = textIn(node, 'host')
      return host === undefined ? [] : [{ address: addressOf(host, Number(textIn(node, 'port') ?? 24224)) }]
    })
}

function isList(value: Value): value is Exclude<Value, string | { readonly properties: unknown }> {
  return Array.isArray(value)
}

function textIn(value: Value, key: string): string | undefined {
  if (typeof value === 'string' || isList(value)) return undefined
  const found = value.properties.find(property => property.key.toLowerCase() === key)?.value
  return typeof found === 'string' ? found : undefined
}

function addressOf(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}
