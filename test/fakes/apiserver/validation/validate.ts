import { type Cause, invalid } from '../failure.ts'
import type { Kind } from '../kinds.ts'
import { copy, type Tree } from '../tree.ts'
import { webhookCauses } from './admission-registration.ts'
import { metadataCauses } from './metadata.ts'
import { podSpecCauses, podUpdateCauses } from './pod.ts'
import { roleCauses } from './roles.ts'

export type Causes = (object: Tree, old: Tree | undefined) => Cause[]

/** Throws 422 with everything that the real server would refuse and that matters here. */
export function validate(kind: Kind, object: Tree, old: Tree | undefined): void {
  const causes = [...metadataCauses(kind, object['metadata'], old?.['metadata'])]
  const more = BY_KIND[kind.kind]
  if (more) causes.push(...more(object, old))
  if (causes.length > 0) throw invalid(kind.kind, kind.group, object['metadata'].name ?? '', causes)
}

const BY_KIND: Readonly<Record<string, Causes>> = {
  Pod: (pod, old) => (old ? podUpdateCauses(pod, old) : podSpecCauses(pod['spec'] ?? {}, 'spec')),
  Deployment: (object, old) => workload(object, old, ['Always']),
  StatefulSet: (object, old) => workload(object, old, ['Always']),
  DaemonSet: (object, old) => workload(object, old, ['Always']),
  ReplicaSet: (object, old) => workload(object, old, ['Always']),
  Job: (object, old) => [
    ...template(object['spec'].template, 'spec.template', ['Never', 'OnFailure']),
    ...immutable(object, old, 'spec', 'template'),
  ],
  CronJob: ({ spec }) =>
    template(spec.jobTemplate.spec?.template, 'spec.jobTemplate.spec.template', ['Never', 'OnFailure']),
  Service: serviceCauses,
  Secret: dataCauses,
  ConfigMap: dataCauses,
  Lease: ({ spec = {} }) => [
    ...(spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0
      ? [
          {
            field: 'spec.leaseDurationSeconds',
            message: `Invalid value: ${spec.leaseDurationSeconds}: must be greater than 0`,
          },
        ]
      : []),
    ...(spec.leaseTransitions < 0
      ? [{ field: 'spec.leaseTransitions', message: 'Invalid value: must be greater than or equal to 0' }]
      : []),
  ],
  MutatingWebhookConfiguration: webhookCauses,
  ValidatingWebhookConfiguration: webhookCauses,
  Role: roleCauses,
  ClusterRole: roleCauses,
  RoleBinding: (object, old) => immutable(object, old, undefined, 'roleRef'),
  ClusterRoleBinding: (object, old) => immutable(object, old, undefined, 'roleRef'),
}

function workload(object: Tree, old: Tree | undefined, restartPolicies: readonly string[]): Cause[] {
  const { spec } = object
  const labels = spec.template?.metadata?.labels ?? {}
  const causes = template(spec.template, 'spec.template', restartPolicies)
  const selected = Object.entries(spec.selector?.matchLabels ?? {})
  if (selected.length === 0 && !spec.selector?.matchExpressions)
    causes.push({ field: 'spec.selector', message: 'Invalid value: {}: empty selector is invalid' })
  if (selected.some(([key, value]) => labels[key] !== value))
    causes.push({
      field: 'spec.template.metadata.labels',
      message: `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
    })
  return [...causes, ...immutable(object, old, 'spec', 'selector')]
}

function template(value: Tree | undefined, path: string, restartPolicies: readonly string[]): Cause[] {
  if (value === undefined) return [{ field: path, message: 'Required value' }]
  const causes = podSpecCauses(value['spec'] ?? {}, `${path}.spec`)
  const policy = value['spec']?.restartPolicy
  if (!restartPolicies.includes(policy))
    causes.push({
      field: `${path}.spec.restartPolicy`,
      message: `Unsupported value: ${JSON.stringify(policy)}: supported values: ${restartPolicies.map(each => JSON.stringify(each)).join(', ')}`,
    })
  return causes
}

function immutable(object: Tree, old: Tree | undefined, parent: string | undefined, key: string): Cause[] {
  if (old === undefined) return []
  const [now, before] =
    parent === undefined ? [object[key], old[key]] : [object[parent]?.[key], old[parent]?.[key]]
  if (same(now, before)) return []
  const field = parent === undefined ? key : `${parent}.${key}`
  return [{ field, message: `Invalid value: ${JSON.stringify(now)}: field is immutable` }]
}

function serviceCauses(object: Tree, old: Tree | undefined): Cause[] {
  const { ports = [], type = 'ClusterIP', clusterIP } = object['spec'] ?? {}
  const causes: Cause[] = []
  if (ports.length === 0 && clusterIP !== 'None' && type !== 'ExternalName')
    causes.push({ field: 'spec.ports', message: 'Required value' })
  for (const [index, { port, name }] of ports.entries()) {
    if (port < 1 || port > 65535)
      causes.push({
        field: `spec.ports[${index}].port`,
        message: `Invalid value: ${port}: must be between 1 and 65535, inclusive`,
      })
    if (ports.length > 1 && !name)
      causes.push({ field: `spec.ports[${index}].name`, message: 'Required value' })
  }
  const before = old?.['spec']?.clusterIP
  if (before && clusterIP && before !== clusterIP)
    causes.push({
      field: 'spec.clusterIP',
      message: `Invalid value: ${JSON.stringify(clusterIP)}: field is immutable`,
    })
  return causes
}

/** Secrets and ConfigMaps. */
function dataCauses(object: Tree, old: Tree | undefined): Cause[] {
  const causes: Cause[] = []
  let size = 0
  for (const [key, value] of Object.entries({ ...object['data'], ...object['binaryData'] })) {
    size += String(value).length
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key === '..')
      causes.push({
        field: `data[${key}]`,
        message: `Invalid value: ${JSON.stringify(key)}: a valid config key must consist of alphanumeric characters, '-', '_' or '.'`,
      })
  }
  if (size > 1024 * 1024 * (object['type'] === undefined ? 1 : 4 / 3))
    causes.push({
      field: 'data',
      message: 'Too long: may not be more than 1048576 bytes',
      reason: 'FieldValueTooLong',
    })
  if (object['type'] === 'kubernetes.io/tls')
    for (const key of ['tls.crt', 'tls.key'])
      if (object['data']?.[key] === undefined)
        causes.push({ field: `data[${key}]`, message: 'Required value' })
  if (old?.['immutable'] && !(object['immutable'] && same(object['data'], old['data'])))
    causes.push({ field: 'data', message: 'Forbidden: field is immutable when `immutable` is set' })
  return [...causes, ...immutable(object, old, undefined, 'type')]
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(copy(a ?? null)) === JSON.stringify(copy(b ?? null))
}
