/** One kind of object as the API server serves it. */
export interface ResourceType {
  /** '' is the core group. */
  readonly group: string
  readonly version: string
  /** The plural in paths and in RBAC rules: `pods`. */
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
}

export interface ObjectMetadata {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly [more: string]: unknown
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
}

/** An object as the server gives it: nothing is decoded, so nothing that we do not know gets lost. */
export interface KubernetesObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMetadata
  readonly [more: string]: unknown
}

const namespaced = (group: string, version: string, resource: string, kind: string): ResourceType => ({
  group,
  version,
  resource,
  kind,
  namespaced: true,
})
const clusterWide = (group: string, version: string, resource: string, kind: string): ResourceType => ({
  group,
  version,
  resource,
  kind,
  namespaced: false,
})

/** The kinds that the product reads or writes. */
export const RESOURCES = {
  pods: namespaced('', 'v1', 'pods', 'Pod'),
  services: namespaced('', 'v1', 'services', 'Service'),
  secrets: namespaced('', 'v1', 'secrets', 'Secret'),
  configMaps: namespaced('', 'v1', 'configmaps', 'ConfigMap'),
  events: namespaced('events.k8s.io', 'v1', 'events', 'Event'),
  namespaces: clusterWide('', 'v1', 'namespaces', 'Namespace'),
  endpointSlices: namespaced('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  deployments: namespaced('apps', 'v1', 'deployments', 'Deployment'),
  leases: namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  tokenReviews: clusterWide('authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview'),
  mutatingWebhooks: clusterWide(
    'admissionregistration.k8s.io',
    'v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
  ),
  validatingWebhooks: clusterWide(
    'admissionregistration.k8s.io',
    'v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
  ),
} as const satisfies Readonly<Record<string, ResourceType>>

export function apiVersionOf({ group, version }: ResourceType): string {
  return group === '' ? version : `${group}/${version}`
}

/** `secrets`, `leases.coordination.k8s.io`: the name that kubectl and the server's messages use. */
export function resourceName({ group, resource }: ResourceType): string {
  return group === '' ? resource : `${resource}.${group}`
}

/**
 * The path of a collection, of an object in it, or of a subresource. Without a namespace the collection of a
 * namespaced kind is that of all namespaces. Throws TypeError for a name that would lead to another path.
 */
export function resourcePath(
  type: ResourceType,
  { namespace, name, subresource }: { namespace?: string; name?: string; subresource?: string } = {},
): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  if (name !== undefined && type.namespaced && namespace === undefined)
    throw new TypeError(`a ${type.kind} is in a namespace, and none is given for ${name}`)
  const place = type.namespaced && namespace !== undefined ? `/namespaces/${segment(namespace)}` : ''
  const object = name === undefined ? '' : `/${segment(name)}`
  return `${root}${place}/${type.resource}${object}${subresource === undefined ? '' : `/${subresource}`}`
}

/** The rule of the server itself for names in paths: neither empty, `.` nor `..`, and without `/` and `%`. */
function segment(text: string): string {
  if (text === '' || text === '.' || text === '..' || /[/%]/.test(text))
    throw new TypeError(`${JSON.stringify(text)} cannot be the name of an object`)
  return encodeURIComponent(text)
}
