import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import type { ContainerTemplate, Entry } from '../catalogue/entry.ts'
import type { Rendered } from '../catalogue/render.ts'
import { addFiles } from './files.ts'
import {
  freeVolumeName,
  mountsOf,
  type Place,
  type PlacedContainer,
  push,
  type Site,
  variablesOf,
} from './plan.ts'
import { listOf, type NamedContainer, quote } from './pod.ts'
import { fail, skip, type Tell } from './refusal.ts'
import { shareFolder } from './shared-folders.ts'
import { withTextFields } from './text-fields.ts'

/** What decides the form of containers. */
export interface Cluster {
  /** Sidecars may be init containers that stay: Kubernetes 1.29 and later. */
  readonly native: boolean
  /** Who chooses user ids: with OpenShift the namespace does, and any other is refused. */
  readonly openshift: boolean
}

/** How an entry comes into a pod. */
export interface Manner extends Cluster {
  /** Of native sidecars and init containers among the pod's own init containers. */
  readonly place: Place
}

export const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'

/** Adds all that an entry brings to its plan. */
export function assemble(rendered: Rendered, manner: Manner, site: Site, tell: Tell): void {
  const { entry } = site.plan
  const renamed = addVolumes(rendered.volumes, site)
  const make = ({ container }: ContainerTemplate): NamedContainer =>
    withMounts(forCluster(withTextFields(container), manner), renamed)
  const initContainers = rendered.initContainers.map(make)
  const sidecars = rendered.containers.map(make)
  for (const folder of rendered.shared) shareFolder(folder, sidecars, site, tell)
  addFiles(entry.name, rendered.files, [sidecars, initContainers], site, tell)

  const { place } = manner
  const add = (list: PlacedContainer[], container: NamedContainer, where: Place): void => {
    assertFree(container.name, entry, site)
    list.push({ container, place: where })
  }
  for (const container of initContainers) add(site.plan.initContainers, container, place)
  for (const [index, template] of rendered.containers.entries()) {
    const container = sidecars[index]!
    if (isNative(template, entry, manner)) add(site.plan.initContainers, native(container, template), place)
    else {
      const blocks = at(container, ['lifecycle', 'postStart']) !== undefined
      add(site.plan.containers, container, blocks ? 'first' : 'last')
      if (blocks) addAnnotation(DEFAULT_CONTAINER, site.application[0]!.name, site)
    }
  }
  for (const change of rendered.application) {
    const targets = application(change.containers, site)
    for (const container of targets) {
      for (const mount of change.volumeMounts)
        addMount(container, withName(mount, renamed), entry, site, tell)
      for (const variable of change.env) addVariable(container, withTextFields(variable), entry, site, tell)
    }
  }
  changePod(rendered, site, tell)
}

function isNative({ form }: ContainerTemplate, entry: Entry, cluster: Cluster): boolean {
  if (form === 'native' && !cluster.native)
    fail(
      'native_unsupported',
      [],
      `${entry.name} must be a native sidecar, which this cluster does not have`,
      'Kubernetes 1.29 or later is needed',
    )
  return form !== 'classic' && cluster.native
}

/** A startupProbe holds the application back; the hook that does so in the classic form would be a second process. */
function native(container: NamedContainer, { form }: ContainerTemplate): NamedContainer {
  const staying: NamedContainer = { ...container, restartPolicy: 'Always' }
  const lifecycle = container['lifecycle']
  if (form !== 'auto' || !isObject(lifecycle) || !isObject(container['startupProbe'])) return staying
  const { postStart: _, ...kept } = lifecycle
  const { lifecycle: __, ...without } = staying
  return Object.keys(kept).length === 0 ? (without as NamedContainer) : { ...staying, lifecycle: kept }
}

function forCluster(container: JsonObject, { openshift }: Cluster): NamedContainer {
  const security = container['securityContext']
  if (!openshift || !isObject(security)) return container as NamedContainer
  const { runAsUser: _, runAsGroup: __, ...kept } = security
  return { ...(container as NamedContainer), securityContext: kept }
}

function assertFree(name: string, entry: Entry, { pod, plans }: Site): void {
  for (const list of ['initContainers', 'containers'] as const) {
    const index = pod[list].findIndex(container => container.name === name)
    if (index >= 0)
      skip(
        'container_exists',
        ['spec', list, index, 'name'],
        `the pod has a container ${quote(name)} that was not injected`,
        `remove it to get ${entry.name} ${entry.version} of the catalogue`,
      )
    const other = plans.find(plan => plan[list].some(({ container }) => container.name === name))
    if (other !== undefined)
      fail('conflict', [], `${other.entry.name} and ${entry.name} both bring a container ${quote(name)}`)
  }
}

/** Gives each volume a name that is free, and tells which names have changed. */
function addVolumes(volumes: readonly JsonObject[], site: Site): ReadonlyMap<Json, string> {
  const renamed = new Map<Json, string>()
  for (const volume of volumes) {
    const wanted = String(volume['name'])
    const name = freeVolumeName(wanted, site)
    if (name !== wanted) renamed.set(wanted, name)
    site.plan.volumes.push({ ...volume, name })
  }
  return renamed
}

function withMounts(container: NamedContainer, renamed: ReadonlyMap<Json, string>): NamedContainer {
  const mounts = container['volumeMounts']
  if (renamed.size === 0 || !Array.isArray(mounts)) return container
  return { ...container, volumeMounts: listOf(mounts).map(mount => withName(mount, renamed)) }
}

function withName(mount: JsonObject, renamed: ReadonlyMap<Json, string>): JsonObject {
  const name = renamed.get(mount['name'] ?? null)
  return name === undefined ? mount : { ...mount, name }
}

function application(wanted: 'all' | 'first' | readonly string[], site: Site): readonly NamedContainer[] {
  if (wanted === 'all') return site.application
  if (wanted === 'first') return site.application.slice(0, 1)
  return site.pod.containers.filter(({ name }) => wanted.includes(name))
}

function addMount(container: NamedContainer, mount: JsonObject, entry: Entry, site: Site, tell: Tell): void {
  const there = mountsOf(container, site).find(each => each['mountPath'] === mount['mountPath'])
  if (there === undefined) push(site.plan.volumeMounts, container.name, mount)
  else
    tell(
      'warning',
      'mount-exists',
      ['spec', 'containers'],
      `${container.name} has a mount at ${String(mount['mountPath'])} already, and does not get that of ${entry.name}`,
    )
}

function addVariable(
  container: NamedContainer,
  variable: JsonObject,
  entry: Entry,
  site: Site,
  tell: Tell,
): void {
  const there = variablesOf(container, site).find(each => each['name'] === variable['name'])
  if (there === undefined) push(site.plan.env, container.name, variable)
  else
    tell(
      'info',
      'variable-exists',
      ['spec', 'containers'],
      `${container.name} sets ${String(variable['name'])} itself; the value of ${entry.name} is not used`,
    )
}

function changePod({ pod: change }: Rendered, site: Site, tell: Tell): void {
  const { pod, plan, plans } = site
  const labels = at(pod.template, ['metadata', 'labels'])
  for (const [key, value] of Object.entries(change.labels ?? {}))
    if (!(isObject(labels) && Object.hasOwn(labels, key)) && !plans.some(each => each.labels.has(key)))
      plan.labels.set(key, String(value))
  for (const [key, value] of Object.entries(change.annotations ?? {})) addAnnotation(key, String(value), site)
  const secrets = [...listOf(pod.spec['imagePullSecrets']), ...plans.flatMap(each => each.imagePullSecrets)]
  for (const secret of change.imagePullSecrets ?? []) {
    if (secrets.some(({ name }) => name === secret['name'])) continue
    plan.imagePullSecrets.push(secret)
    tell(
      'info',
      'image-pull-secret',
      ['spec', 'imagePullSecrets'],
      `the image is pulled with the Secret ${quote(String(secret['name']))}, which must be in the pod's namespace`,
    )
  }
  const security = pod.spec['securityContext']
  const given = isObject(security) && security['fsGroup'] !== undefined
  if (change.fsGroup !== undefined && !given && !plans.some(each => each.securityContext.has('fsGroup')))
    plan.securityContext.set('fsGroup', change.fsGroup)
}

/** What the pod says already wins. */
function addAnnotation(key: string, value: string, { pod, plan, plans }: Site): void {
  if (!Object.hasOwn(pod.annotations, key) && !plans.some(each => each.annotations.has(key)))
    plan.annotations.set(key, value)
}
