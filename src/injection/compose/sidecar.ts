import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { parseQuantity } from '../../manifests/quantity.ts'
import type { Entry } from '../catalogue/entry.ts'
import type { Rendered, RenderedFile } from '../catalogue/render.ts'
import { fail, skip, type Tell } from '../kubernetes/refusal.ts'
import type { Draft } from './draft.ts'
import { formatDuration, graceMsOf } from './grace.ts'
import { mountsOf } from './mounts.ts'
import {
  FIELDS_OF_NETWORK,
  holdNetwork,
  modeToJoin,
  type NetworkMode,
  networksBeside,
  publisherOf,
  withoutNetwork,
} from './network.ts'
import { effectiveService, escapeDollars, listOf, portsOf, servicesOf } from './project.ts'
import { shareFolder } from './shared-folder.ts'
import { edgesFrom, wayBetween } from './start-order.ts'

/** What a sidecar gets beyond the time of its application, to send what that has left. */
const GRACE_BEYOND_MS = 5000

/** Adds one entry's sidecar to the file: its service, and what the application's service needs for it. */
export function addSidecar(
  draft: Draft,
  app: string,
  entry: Entry,
  rendered: Rendered,
  mode: NetworkMode,
  tell: Tell,
): void {
  const form = rendered.compose
  if (form === undefined)
    fail(
      'no_compose_form',
      ['services', app],
      `${entry.name} has no form for Docker Compose`,
      'use it in Kubernetes, or give its entry a `compose`',
    )
  const name = `${app}-${entry.name}`
  if (draft.has('services', name))
    skip(
      'container_exists',
      ['services', name],
      `there is a service ${name} that was not injected`,
      'rename it, or remove it to get that of the catalogue',
    )
  const { service: application } = effectiveService(draft.document, app)
  if (at(form.service, ['container_name']) !== undefined)
    tell(
      'info',
      'container-name',
      ['services', app],
      `${name} gets a name of Compose's own: a container_name can be there once only`,
    )

  const common = commonOf(application)
  const networked = inNetwork(draft, app, name, form.service, mode, tell)
  const folders = rendered.shared.map(folder => shareFolder(draft, app, name, folder, tell))
  const own = ownVolumes(draft, app, name, networked)
  const configs = addFiles(draft, app, name, rendered.files)
  const volumes = withoutRepeats([...own, ...folders.flatMap(each => each.volumes)])
  const volumesFrom = [...new Set(folders.flatMap(each => each.volumesFrom))]
  const { container_name: _, profiles: __, read_only: readOnly, volumes: ___, ...rest } = networked
  draft.add(app, 'services', name, {
    ...rest,
    ...(volumes.length > 0 && { volumes }),
    ...(volumesFrom.length > 0 && { volumes_from: volumesFrom }),
    ...(configs.length > 0 && { configs: [...listOf(networked['configs']), ...configs] }),
    // Compose copies the content of a config into the container, and refuses to where the root is read-only.
    ...(readOnly !== undefined && configs.length === 0 && { read_only: readOnly }),
    ...withResources(networked['deploy'], rendered),
    restart: networked['restart'] ?? 'on-failure',
    stop_grace_period: gracePeriod(networked, application),
    ...common,
  })
  for (const change of rendered.application) addVariables(draft, app, name, change.env, mode, tell)
  addMountsOfApplication(draft, app, name, rendered)
  draft.addEntry(app, { name: entry.name, version: entry.version, hash: entry.hash, service: name })
}

/** With the application's profiles, since a service cannot wait for one that is not enabled. */
function commonOf({ profiles }: JsonObject): JsonObject {
  return Array.isArray(profiles) && profiles.length > 0 ? { profiles } : {}
}

/** Without keys that conditions of the entry have left nothing in. */
function withoutEmpty(service: JsonObject): JsonObject {
  const isEmpty = (value: Json) => isObject(value) && Object.keys(value).length === 0
  return Object.fromEntries(Object.entries(service).filter(([, value]) => !isEmpty(value)))
}

function inNetwork(
  draft: Draft,
  app: string,
  name: string,
  form: JsonObject,
  mode: NetworkMode,
  tell: Tell,
): JsonObject {
  const literal = withoutEmpty(escapeDollars(form) as JsonObject)
  const { service: application } = effectiveService(draft.document, app)
  if (mode === 'none') {
    const { network_mode: _, networks: __, ...rest } = literal
    const beside = networksBeside(application)
    return beside['network_mode'] === undefined
      ? { ...rest, ...beside }
      : { ...withoutNetwork(literal).service, ...beside }
  }
  const { service, ports } = withoutNetwork(literal)
  const publisher = publisherOf(draft.document, app)
  const listening = [app, ...(publisher === undefined ? [] : [publisher])].flatMap(each =>
    portsOf(effectiveService(draft.document, each).service),
  )
  const taken = portsOf(literal).find(port => listening.includes(port))
  if (taken !== undefined)
    fail(
      'port_collision',
      ['services', app],
      `${name} listens on port ${taken}, which is taken in the network of ${publisher ?? app}`,
      'give one of them another port',
    )
  const network = modeToJoin(draft.document, app)
  publish(draft, app, name, ports, tell)
  return { ...service, network_mode: network }
}

/**
 * Puts a holder of the network between the application and its sidecars, before any of them is added; where the network
 * is another's already, that one holds it.
 */
export function pauseNetwork(draft: Draft, app: string, tell: Tell): void {
  if (modeToJoin(draft.document, app) !== `service:${app}`) return
  const holder = `${app}-network`
  if (draft.has('services', holder))
    skip(
      'container_exists',
      ['services', holder],
      `there is a service ${holder} that was not injected`,
      'rename it',
    )
  const written = at(draft.document, ['services', app]) as JsonObject
  const { service, unseen } = effectiveService(draft.document, app)
  const inherited = FIELDS_OF_NETWORK.some(key => service[key] !== undefined && written[key] === undefined)
  if (unseen || inherited)
    fail(
      'network_not_movable',
      ['services', app, 'extends'],
      `the network of ${app} cannot be held by another service: extends brings parts of it`,
      'write ports and networks into the service itself, or choose compose.mode network',
    )
  const linking = linkTo(draft.document, app)
  if (linking !== undefined)
    fail(
      'network_not_movable',
      ['services', linking, 'links'],
      `the network of ${app} cannot be held by another service: ${linking} links to ${app}`,
      'remove the link: services reach each other by their names without',
    )
  const moved = holdNetwork(draft, app, holder, commonOf(service))
  tell(
    'info',
    'network-moved',
    ['services', app],
    `${holder} holds the network of ${app}${moved.length > 0 ? `, with its ${moved.join(', ')}` : ''}`,
    'uninject moves everything back',
  )
}

function linkTo(document: Json, app: string): string | undefined {
  const isTo = (link: Json) => link === app || String(link).startsWith(`${app}:`)
  return Object.entries(servicesOf(document)).find(([, { links }]) => listOf(links).some(isTo))?.[0]
}

/** Ports of a service are published by the one that holds its network. */
function publish(draft: Draft, app: string, name: string, ports: readonly Json[], tell: Tell): void {
  if (ports.length === 0) return
  const publisher = publisherOf(draft.document, app)
  if (publisher === undefined) {
    tell(
      'info',
      'ports-not-published',
      ['services', app, 'network_mode'],
      `the ports of ${name} are not published: they are those of the network that it is in`,
    )
    return
  }
  // A holder of our own goes with all that is in it.
  const ours = publisher === `${app}-network`
  for (const port of ports) draft.publish(app, publisher, port)
  if (!ours)
    tell(
      'info',
      'ports-published',
      ['services', publisher, 'ports'],
      `${publisher} publishes the ports of ${name}, which is in its network`,
    )
}

/** Named volumes of the form become the service's own; where it uses a name, the application's mounts may, too. */
function ownVolumes(draft: Draft, app: string, name: string, service: JsonObject): Json[] {
  const mounts = mountsOf({ volumes: service['volumes'] ?? [] })
  return mounts.map(({ kind, source, value }) => {
    if (kind !== 'volume' || source === undefined) return value
    const scoped = `${name}-${source}`
    if (!draft.has('volumes', scoped)) draft.add(app, 'volumes', scoped, {})
    return typeof value === 'string'
      ? scoped + value.slice(source.length)
      : { ...(value as JsonObject), source: scoped }
  })
}

/** One mount a place: Compose refuses two. */
function withoutRepeats(volumes: readonly Json[]): Json[] {
  const seen = new Set<string>()
  return volumes.filter(value => {
    const target = mountsOf({ volumes: [value] })[0]?.target
    if (target === undefined || seen.has(target)) return target === undefined
    seen.add(target)
    return true
  })
}

/** As configs with their content in the file: nothing has to be made beforehand. */
function addFiles(draft: Draft, app: string, name: string, files: readonly RenderedFile[]): JsonObject[] {
  return files.map(({ path, text }) => {
    const base = `${name}-${path.slice(path.lastIndexOf('/') + 1).replace(/[^a-zA-Z0-9._-]+/g, '-')}`
    let config = base
    for (let n = 2; draft.has('configs', config); n++) config = `${base}-${n}`
    draft.add(app, 'configs', config, { content: escapeDollars(text) })
    return { source: config, target: path }
  })
}

/** The form's own; without, those of the container that Kubernetes would get. */
function withResources(deploy: Json | undefined, { containers }: Rendered): JsonObject {
  const given = isObject(deploy) ? deploy : {}
  const own = isObject(given['resources']) ? given['resources'] : {}
  const resources = containers[0]?.container['resources']
  const limits = own['limits'] ?? inCompose(at(resources, ['limits']))
  const reservations = own['reservations'] ?? inCompose(at(resources, ['requests']))
  if (limits === undefined && reservations === undefined) return deploy === undefined ? {} : { deploy }
  const all = {
    ...own,
    ...(limits !== undefined && { limits }),
    ...(reservations !== undefined && { reservations }),
  }
  return { deploy: { ...given, resources: all } }
}

function inCompose(quantities: Json | undefined): JsonObject | undefined {
  const cpu = parseQuantity(at(quantities, ['cpu']))
  const memory = parseQuantity(at(quantities, ['memory']))
  if (cpu === undefined && memory === undefined) return undefined
  return {
    ...(cpu !== undefined && { cpus: String(cpu) }),
    ...(memory !== undefined && { memory: size(memory) }),
  }
}

/** Compose's M are mebibytes. */
function size(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}M` : `${Math.ceil(bytes)}b`
}

/** Longer than the application's: when all are stopped at once, what it says last is still taken in. */
function gracePeriod(sidecar: JsonObject, application: JsonObject): string {
  const own = graceMsOf(sidecar)
  const beyond = graceMsOf(application)
  if (own === undefined || beyond === undefined) return String(sidecar['stop_grace_period'] ?? '30s')
  const given = sidecar['stop_grace_period']
  return given !== undefined && own >= beyond + GRACE_BEYOND_MS
    ? String(given)
    : formatDuration(beyond + GRACE_BEYOND_MS)
}

function addVariables(
  draft: Draft,
  app: string,
  name: string,
  variables: readonly JsonObject[],
  mode: NetworkMode,
  tell: Tell,
): void {
  const place = ['services', app, 'environment']
  for (const { name: key, value } of variables) {
    if (typeof key !== 'string') continue
    const { service } = effectiveService(draft.document, app)
    if (value === undefined)
      tell(
        'warning',
        'variable-left-out',
        place,
        `${key} of ${name} is no plain value, and Compose has nothing like it`,
      )
    else if (draft.hasVariable(service, key))
      tell('info', 'variable-exists', place, `${app} sets ${key} itself; the value of ${name} is not used`)
    else {
      draft.setVariable(app, app, key, escapeDollars(String(value)) as string)
      if (mode === 'none' && /\b(localhost|127\.0\.0\.1)\b/.test(String(value)))
        tell(
          'warning',
          'not-on-localhost',
          place,
          `${key} leads to ${String(value)}, but ${name} has a network of its own`,
          'choose compose.mode network or pause',
        )
    }
  }
}

/** Volumes of the entry that the application mounts, by the names that the form's service mounts them by. */
function addMountsOfApplication(draft: Draft, app: string, name: string, rendered: Rendered): void {
  for (const { volumeMounts } of rendered.application)
    for (const mount of volumeMounts) {
      const [volume, target] = [`${name}-${String(mount['name'])}`, mount['mountPath']]
      if (typeof target !== 'string') continue
      const { service } = effectiveService(draft.document, app)
      if (mountsOf(service).some(each => each.target === target)) continue
      if (!draft.has('volumes', volume)) draft.add(app, 'volumes', volume, {})
      draft.mount(app, app, target, `${volume}:${target}${mount['readOnly'] === true ? ':ro' : ''}`)
    }
}

/**
 * The start order of an application with its sidecars: it waits for all of them, and each of them for the one before,
 * where that makes no circle.
 */
export function orderStart(draft: Draft, app: string, sidecars: readonly string[], tell: Tell): void {
  const waits = [
    ...sidecars.map(before => [app, before] as const),
    ...sidecars.slice(1).map((sidecar, index) => [sidecar, sidecars[index]!] as const),
  ]
  for (const [waiting, before] of waits) {
    const way = wayBetween(name => edgesFrom(draft.document, name), before, waiting)
    if (way === undefined) wait(draft, app, waiting, before, tell)
    else if (waiting === app) tellOfCircle(draft, app, before, way[0]?.key ?? '', tell)
  }
}

function wait(draft: Draft, app: string, waiting: string, before: string, tell: Tell): void {
  const service = at(draft.document, ['services', before])
  const checked = isObject(service) && hasHealthcheck(service)
  if (!checked && waiting === app)
    tell(
      'info',
      'no-healthcheck',
      ['services', app],
      `${app} starts when ${before} is started, ready or not: its entry has no health check`,
    )
  const condition = checked ? 'service_healthy' : 'service_started'
  if (!draft.dependOn(app, waiting, before, condition))
    tell(
      'warning',
      'start-order',
      ['services', app, 'depends_on'],
      `${app} starts when ${before} is started, ready or not: names with variables have no long form`,
      'write depends_on as a mapping',
    )
}

export function hasHealthcheck(service: JsonObject): boolean {
  const healthcheck = service['healthcheck']
  if (!isObject(healthcheck) || healthcheck['disable'] === true) return false
  const test = healthcheck['test']
  return test !== undefined && test !== null && listOf(test)[0] !== 'NONE'
}

function tellOfCircle(draft: Draft, app: string, sidecar: string, key: string, tell: Tell): void {
  const restarts = at(draft.document, ['services', app, 'restart'])
  const why = key === 'volumes_from' ? 'whose volumes it uses' : 'whose network it shares'
  tell(
    'info',
    'starts-after-application',
    ['services', app],
    `${sidecar} starts after ${app}, ${why}, and stops before it`,
    key === 'volumes_from'
      ? 'give the volume a name'
      : 'choose compose.mode pause, or none if they need no common network',
  )
  if (key === 'network_mode' && restarts !== undefined && restarts !== 'no')
    tell(
      'warning',
      'network-lost',
      ['services', app, 'restart'],
      `when ${app} is restarted by itself, ${sidecar} is left in the network that is gone`,
      'choose compose.mode pause',
    )
}
