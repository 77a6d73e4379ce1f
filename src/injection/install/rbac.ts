import type { JsonObject } from '../../manifests/json.ts'
import { type InstallOptions, LABELS, LEASE_NAME, MESH_SECRET_NAME, NAME, SECRET_NAME } from './options.ts'

/** All that the controller may do: each rule with what needs it. */
export function accessObjects(options: InstallOptions): JsonObject[] {
  const { namespace } = options
  const group = 'rbac.authorization.k8s.io'
  const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace }]
  const cluster = { name: NAME, labels: LABELS }
  const local = { name: NAME, namespace, labels: LABELS }
  const objects: JsonObject[] = [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: local,
      // Mounted where it is used: the Deployment says so.
      automountServiceAccountToken: false,
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata: cluster,
      rules: clusterRules(options),
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: cluster,
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: NAME },
      subjects,
    },
    { apiVersion: `${group}/v1`, kind: 'Role', metadata: local, rules: ownRules(options) },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata: local,
      roleRef: { apiGroup: group, kind: 'Role', name: NAME },
      subjects,
    },
  ]
  return objects
}

function clusterRules({ certificates, evict, mesh }: InstallOptions): JsonObject[] {
  const rules: JsonObject[] = [
    // Defaults of namespaces; pods that lack what they asked for.
    { apiGroups: [''], resources: ['namespaces', 'pods'], verbs: ['list', 'watch'] },
    // What is found is told beside the pod.
    { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
  ]
  if (certificates.kind === 'self')
    // The caBundle of its own two configurations, and of no other. A list and a watch name the one by a field selector.
    rules.push({
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
      resourceNames: [NAME],
      verbs: ['list', 'watch', 'patch'],
    })
  if (mesh !== undefined)
    rules.push(
      // Whose token a sidecar shows.
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      // Which endpoints a Service has.
      { apiGroups: [''], resources: ['services'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    )
  if (evict) rules.push({ apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] })
  return rules
}

function ownRules({ certificates, mesh }: InstallOptions): JsonObject[] {
  const lease = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] }
  const secret = { apiGroups: [''], resources: ['secrets'] }
  const rules: JsonObject[] = [
    { ...lease, resourceNames: [LEASE_NAME], verbs: ['get', 'update'] },
    // A rule for `create` cannot name what does not exist yet.
    { ...lease, verbs: ['create'] },
  ]
  if (certificates.kind === 'self')
    rules.push({ ...secret, resourceNames: [SECRET_NAME], verbs: ['get', 'list', 'watch', 'update'] })
  if (mesh !== undefined) rules.push({ ...secret, resourceNames: [MESH_SECRET_NAME], verbs: ['get'] })
  if (certificates.kind === 'self' || mesh !== undefined) rules.push({ ...secret, verbs: ['create'] })
  return rules
}
