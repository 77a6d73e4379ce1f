import { isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import type { Draft } from './draft.ts'
import { effectiveService, listOf } from './project.ts'
import { ownerOf } from './start-order.ts'

/** How a sidecar and its service reach each other. */
export type NetworkMode = 'network' | 'pause' | 'none'
export const NETWORK_MODES: readonly NetworkMode[] = ['network', 'pause', 'none']

/** Holds a network namespace and does nothing else: less than a megabyte, and it never ends by itself. */
export const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10'

/** What a service that has the network of another must not have: Docker refuses such containers. */
export const FIELDS_OF_NETWORK = [
  'network_mode',
  'networks',
  'ports',
  'expose',
  'hostname',
  'domainname',
  'mac_address',
  'extra_hosts',
  'dns',
  'dns_opt',
  'dns_search',
  'links',
  'external_links',
]

/** The `network_mode` by which another service gets into the same network namespace as this one. */
export function modeToJoin(document: Json, app: string): string {
  const mode = effectiveService(document, app).service['network_mode']
  const shared = typeof mode === 'string' && /^(host$|service:|container:)/.test(mode)
  return shared ? mode : `service:${app}`
}

/** The service that publishes ports for that namespace; undefined when it is none of this file, or needs none (host). */
export function publisherOf(document: Json, app: string): string | undefined {
  let owner = app
  for (let steps = 0; steps < 20; steps++) {
    const mode = effectiveService(document, owner).service['network_mode']
    const next = ownerOf(mode)
    if (next === undefined)
      return mode === 'host' || String(mode).startsWith('container:') ? undefined : owner
    owner = next
  }
  return undefined
}

/** Of a sidecar with a network of its own: the networks of the service, where it is reached by the service's name. */
export function networksBeside(service: JsonObject): JsonObject {
  const { network_mode: mode, networks } = service
  if (typeof mode === 'string') return { network_mode: mode }
  const names = isObject(networks) ? Object.keys(networks) : listOf(networks)
  return names.length === 0 ? {} : { networks: [...names] }
}

/** Without what the network's holder alone may have, and the ports that it is to publish instead. */
export function withoutNetwork(service: JsonObject): { service: JsonObject; ports: readonly Json[] } {
  const kept = Object.entries(service).filter(([key]) => !FIELDS_OF_NETWORK.includes(key))
  return { service: Object.fromEntries(kept), ports: listOf(service['ports']) }
}

/**
 * Puts a service of its own between: it holds the network of `app`, with ports, names and all, and `app` joins it. Then
 * a restart of `app` leaves the sidecar its network, and `app` can wait for the sidecar. Other services go on to reach
 * it by its name, which becomes an alias of the holder. Returns the fields that were moved.
 */
export function holdNetwork(draft: Draft, app: string, holder: string, common: JsonObject): string[] {
  const { service } = effectiveService(draft.document, app)
  const moved = draft.moveNetwork(app, app, holder, FIELDS_OF_NETWORK)
  const names = [app, service['container_name']].filter(name => typeof name === 'string')
  const { networks, ...others } = moved
  draft.add(app, 'services', holder, {
    image: PAUSE_IMAGE,
    ...others,
    ...(others['network_mode'] === undefined && { networks: withAliases(networks, names) }),
    ...common,
    restart: 'unless-stopped',
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    deploy: { resources: { limits: { cpus: '0.05', memory: '16M' }, reservations: { memory: '4M' } } },
  })
  return Object.keys(moved)
}

function withAliases(networks: Json | undefined, names: readonly string[]): JsonObject {
  const given = isObject(networks)
    ? networks
    : Object.fromEntries(listOf(networks).map(name => [String(name), null]))
  const all = Object.keys(given).length === 0 ? { default: null } : given
  return Object.fromEntries(
    Object.entries(all).map(([network, settings]) => {
      const own = isObject(settings) ? settings : {}
      const aliases = [...new Set([...listOf(own['aliases']), ...names])]
      return [network, { ...own, aliases }]
    }),
  )
}
