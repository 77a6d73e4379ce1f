import type { JsonObject } from '../../manifests/json.ts'
import { type InstallOptions, LABELS, LEASE_NAME, NAME, SECRET_NAME } from './options.ts'

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

function clusterRules({ certificates, evict }: InstallOptions): JsonObject[] {
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
      verbs: ['get', 'list', 'watch', 'patch'],
    })
  if (evict) rules.push({ apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] })
  return rules
}

function ownRules({ certificates }: InstallOptions): JsonObject[] {
  const lease = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] }
  const secret = { apiGroups: [''], resources: ['secrets'] }
  const rules: JsonObject[] = [
    { ...lease, resourceNames: [LEASE_NAME], verbs: ['get', 'update'] },
    // A rule for `create` cannot name what does not exist yet.
    { ...lease, verbs: ['create'] },
  ]
  if (certificates.kind === 'self')
    rules.push(
      { ...secret, resourceNames: [SECRET_NAME], verbs: ['get', 'list', 'watch', 'update'] },
      { ...secret, verbs: ['create'] },
    )
  return rules
}
