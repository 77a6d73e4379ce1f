/** One kind that the fake serves. */
export interface Kind {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  /** Its type in fields.txt. */
  readonly type: string
  /** review: it is answered and never stored. */
  readonly review: boolean
  readonly subresources: readonly string[]
}

type Row = [resource: string, kind: string, scope: 'namespaced' | 'cluster' | 'review', ...more: string[]]

/** group → package of the types → rows; short names without a slash, subresources with one. */
const GROUPS: Readonly<Record<string, readonly [string, readonly Row[]]>> = {
  '': [
    'core.v1',
    [
      ['pods', 'Pod', 'namespaced', 'po', '/status', '/eviction'],
      ['namespaces', 'Namespace', 'cluster', 'ns', '/status'],
      ['services', 'Service', 'namespaced', 'svc', '/status'],
      ['secrets', 'Secret', 'namespaced'],
      ['configmaps', 'ConfigMap', 'namespaced', 'cm'],
      ['serviceaccounts', 'ServiceAccount', 'namespaced', 'sa'],
      ['events', 'Event', 'namespaced', 'ev'],
      ['nodes', 'Node', 'cluster', 'no', '/status'],
      ['resourcequotas', 'ResourceQuota', 'namespaced', 'quota', '/status'],
      ['limitranges', 'LimitRange', 'namespaced', 'limits'],
    ],
  ],
  'events.k8s.io': ['events.v1', [['events', 'Event', 'namespaced', 'ev']]],
  'discovery.k8s.io': ['discovery.v1', [['endpointslices', 'EndpointSlice', 'namespaced']]],
  apps: [
    'apps.v1',
    [
      ['deployments', 'Deployment', 'namespaced', 'deploy', '/status'],
      ['replicasets', 'ReplicaSet', 'namespaced', 'rs', '/status'],
      ['statefulsets', 'StatefulSet', 'namespaced', 'sts', '/status'],
      ['daemonsets', 'DaemonSet', 'namespaced', 'ds', '/status'],
    ],
  ],
  batch: [
    'batch.v1',
    [
      ['jobs', 'Job', 'namespaced', '/status'],
      ['cronjobs', 'CronJob', 'namespaced', 'cj', '/status'],
    ],
  ],
  'coordination.k8s.io': ['coordination.v1', [['leases', 'Lease', 'namespaced']]],
  policy: ['policy.v1', [['poddisruptionbudgets', 'PodDisruptionBudget', 'namespaced', 'pdb', '/status']]],
  'rbac.authorization.k8s.io': [
    'rbac.v1',
    [
      ['roles', 'Role', 'namespaced'],
      ['rolebindings', 'RoleBinding', 'namespaced'],
      ['clusterroles', 'ClusterRole', 'cluster'],
      ['clusterrolebindings', 'ClusterRoleBinding', 'cluster'],
    ],
  ],
  'admissionregistration.k8s.io': [
    'admissionregistration.v1',
    [
      ['mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', 'cluster'],
      ['validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', 'cluster'],
      ['mutatingadmissionpolicies', 'MutatingAdmissionPolicy', 'cluster'],
      ['mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding', 'cluster'],
    ],
  ],
  'authentication.k8s.io': ['authentication.v1', [['tokenreviews', 'TokenReview', 'review']]],
  'authorization.k8s.io': [
    'authorization.v1',
    [
      ['subjectaccessreviews', 'SubjectAccessReview', 'review'],
      ['selfsubjectaccessreviews', 'SelfSubjectAccessReview', 'review'],
    ],
  ],
}

export const KINDS: readonly Kind[] = Object.entries(GROUPS).flatMap(([group, [types, rows]]) =>
  rows.map(([resource, kind, scope, ...more]) => ({
    group,
    version: 'v1',
    resource,
    kind,
    namespaced: scope === 'namespaced',
    shortNames: more.filter(each => !each.startsWith('/')),
    type: `${types}.${kind}`,
    review: scope === 'review',
    subresources: more.filter(each => each.startsWith('/')).map(each => each.slice(1)),
  })),
)

export function findKind(group: string, version: string, resource: string): Kind | undefined {
  return KINDS.find(each => each.group === group && each.version === version && each.resource === resource)
}

export function apiVersionOf({ group, version }: Kind): string {
  return group === '' ? version : `${group}/${version}`
}

export const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
