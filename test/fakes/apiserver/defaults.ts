import type { Kind } from './kinds.ts'
import type { Tree } from './tree.ts'

/** Fills in what the API server fills in, in place. */
export function fillDefaults(kind: Kind, object: Tree): void {
  BY_KIND[kind.kind]?.(object)
}

const BY_KIND: Readonly<Record<string, (object: Tree) => void>> = {
  Pod: pod => {
    podSpec((pod['spec'] ??= {}))
    pod['status'] ??= { phase: 'Pending', qosClass: 'BestEffort' }
  },
  Deployment: ({ spec }) => {
    set(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 })
    set((spec.strategy ??= {}), { type: 'RollingUpdate' })
    if (spec.strategy.type === 'RollingUpdate')
      set((spec.strategy.rollingUpdate ??= {}), { maxSurge: '25%', maxUnavailable: '25%' })
    template(spec)
  },
  ReplicaSet: ({ spec }) => {
    set(spec, { replicas: 1 })
    template(spec)
  },
  StatefulSet: ({ spec }) => {
    set(spec, { replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady' })
    template(spec)
  },
  DaemonSet: ({ spec }) => {
    set(spec, { revisionHistoryLimit: 10 })
    template(spec)
  },
  Job: ({ spec }) => {
    set(spec, {
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      completions: 1,
      parallelism: 1,
    })
    template(spec)
  },
  CronJob: ({ spec }) => {
    set(spec, {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    })
    if (spec.jobTemplate?.spec) template(spec.jobTemplate.spec)
  },
  Service: ({ spec }) => {
    set(spec, { type: 'ClusterIP', sessionAffinity: 'None' })
    for (const port of spec.ports ?? []) set(port, { protocol: 'TCP', targetPort: port.port })
  },
  Secret: secret => {
    set(secret, { type: 'Opaque' })
    for (const [key, text] of Object.entries((secret['stringData'] ?? {}) as Record<string, string>))
      (secret['data'] ??= {})[key] = Buffer.from(text).toString('base64')
    delete secret['stringData']
  },
  Namespace: namespace => {
    const { metadata } = namespace
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
    namespace['spec'] ??= { finalizers: ['kubernetes'] }
    namespace['status'] ??= { phase: 'Active' }
  },
  MutatingWebhookConfiguration: ({ webhooks = [] }) => {
    for (const webhook of webhooks) {
      webhookDefaults(webhook)
      set(webhook, { reinvocationPolicy: 'Never' })
    }
  },
  ValidatingWebhookConfiguration: ({ webhooks = [] }) => webhooks.forEach(webhookDefaults),
  RoleBinding: binding => subjects(binding),
  ClusterRoleBinding: binding => subjects(binding),
}

function set(target: Tree, defaults: Tree): void {
  for (const [key, value] of Object.entries(defaults)) target[key] ??= value
}

function subjects({ subjects: list = [], roleRef }: Tree): void {
  set(roleRef, { apiGroup: 'rbac.authorization.k8s.io' })
  for (const subject of list)
    if (subject.kind !== 'ServiceAccount') set(subject, { apiGroup: 'rbac.authorization.k8s.io' })
}

function webhookDefaults(webhook: Tree): void {
  set(webhook, {
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 10,
    namespaceSelector: {},
    objectSelector: {},
  })
  if (webhook['clientConfig']?.service) set(webhook['clientConfig'].service, { port: 443 })
  for (const rule of webhook['rules'] ?? []) set(rule, { scope: '*' })
}

function template(spec: Tree): void {
  if (spec['template']) podSpec((spec['template'].spec ??= {}))
}

function podSpec(spec: Tree): void {
  set(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    securityContext: {},
  })
  if (spec['serviceAccountName'] !== undefined) spec['serviceAccount'] = spec['serviceAccountName']
  for (const container of [...(spec['initContainers'] ?? []), ...(spec['containers'] ?? [])])
    containerDefaults(container)
  for (const volume of spec['volumes'] ?? [])
    for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected])
      if (source) set(source, { defaultMode: 420 })
}

function containerDefaults(container: Tree): void {
  const tag =
    /:([^/:]+)$/.exec(container['image'] ?? '')?.[1] ?? (container['image']?.includes('@') ? '' : 'latest')
  set(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: tag === 'latest' ? 'Always' : 'IfNotPresent',
    resources: {},
  })
  const { requests, limits } = container['resources']
  if (limits) container['resources'].requests = { ...limits, ...requests }
  for (const port of container['ports'] ?? []) set(port, { protocol: 'TCP' })
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[key]
    if (!probe) continue
    set(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 })
    if (probe.httpGet) set(probe.httpGet, { path: '/', scheme: 'HTTP' })
  }
  for (const { valueFrom } of container['env'] ?? [])
    if (valueFrom?.fieldRef) set(valueFrom.fieldRef, { apiVersion: 'v1' })
}
