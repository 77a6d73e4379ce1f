import type { JsonObject } from '../../manifests/json.ts'
import { configurationText } from './configuration.ts'
import {
  ADMIN_PORT,
  CATALOGUE_FOLDER,
  CATALOGUE_NAME,
  CERTIFICATE_FOLDER,
  CONFIG_FOLDER,
  type InstallOptions,
  LABELS,
  MESH_PORT,
  NAME,
  SELECTOR,
} from './options.ts'

/** The controller itself, with what it reads. */
export function workloadObjects(options: InstallOptions): JsonObject[] {
  const { namespace, replicas, port, catalogue, networkPolicy, mesh } = options
  const metadata = { name: NAME, namespace, labels: LABELS }
  const objects: JsonObject[] = [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'controller.yaml': configurationText(options) },
    },
  ]
  if (catalogue !== undefined)
    objects.push({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name: CATALOGUE_NAME },
      data: Object.fromEntries(catalogue.map(({ name, text }) => [name, text])),
    })
  objects.push(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: SELECTOR,
        ports: [
          { name: 'webhook', port: 443, targetPort: 'webhook', protocol: 'TCP' },
          ...(mesh === undefined
            ? []
            : [{ name: 'mesh', port: MESH_PORT, targetPort: 'mesh', protocol: 'TCP' }]),
        ],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: SELECTOR },
        // One that is ready comes before one goes.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: { metadata: { labels: LABELS }, spec: podSpec(options) },
      },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: 1, selector: { matchLabels: SELECTOR } },
    },
  )
  if (networkPolicy)
    objects.push({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: SELECTOR },
        policyTypes: ['Ingress'],
        // The API server and the kubelet are no pods, so no selector names them: the ports are all that can be said.
        ingress: [
          {
            ports: [
              { port, protocol: 'TCP' },
              { port: ADMIN_PORT, protocol: 'TCP' },
              ...(mesh === undefined ? [] : [{ port: MESH_PORT, protocol: 'TCP' }]),
            ],
          },
        ],
      },
    })
  return objects
}

/** The namespace takes nothing but what Pod Security calls restricted. */
export function namespaceObject({ namespace }: InstallOptions): JsonObject {
  const labels = { ...LABELS, 'pod-security.kubernetes.io/enforce': 'restricted' }
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }
}

function podSpec({ image, port, catalogue, certificates, mesh }: InstallOptions): JsonObject {
  const probe = (path: string, more: JsonObject) => ({ httpGet: { path, port: 'admin' }, ...more })
  const volumes: JsonObject[] = [{ name: 'config', configMap: { name: NAME } }]
  const volumeMounts: JsonObject[] = [{ name: 'config', mountPath: CONFIG_FOLDER, readOnly: true }]
  if (catalogue !== undefined) {
    volumes.push({ name: 'catalog', configMap: { name: CATALOGUE_NAME } })
    volumeMounts.push({ name: 'catalog', mountPath: CATALOGUE_FOLDER, readOnly: true })
  }
  if (certificates.kind !== 'self') {
    const secretName = certificates.kind === 'files' ? certificates.secret : NAME
    volumes.push({ name: 'tls', secret: { secretName, defaultMode: 0o440 } })
    volumeMounts.push({ name: 'tls', mountPath: CERTIFICATE_FOLDER, readOnly: true })
  }
  return {
    serviceAccountName: NAME,
    automountServiceAccountToken: true,
    // It goes on serving for a while: API servers hear late that it is leaving.
    terminationGracePeriodSeconds: 45,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map(topologyKey => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: SELECTOR },
    })),
    containers: [
      {
        name: 'controller',
        image,
        args: ['controller', '-c', `${CONFIG_FOLDER}/controller.yaml`],
        env: [
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
        ],
        ports: [
          { name: 'webhook', containerPort: port, protocol: 'TCP' },
          { name: 'admin', containerPort: ADMIN_PORT, protocol: 'TCP' },
          ...(mesh === undefined ? [] : [{ name: 'mesh', containerPort: MESH_PORT, protocol: 'TCP' }]),
        ],
        startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
        readinessProbe: probe('/readyz', { periodSeconds: 3, failureThreshold: 2 }),
        livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 }),
        resources: {
          requests: { cpu: '50m', memory: '128Mi' },
          limits: { cpu: '1', memory: '512Mi' },
        },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        },
        volumeMounts,
      },
    ],
    volumes,
  }
}
