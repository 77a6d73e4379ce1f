import type { Json, JsonObject } from '../../src/manifests/json.ts'

/** A review of this size, of a pod: containers with variables, mounts and volumes, as many as it takes. */
export function review(kilobytes: number): Json {
  const apps: JsonObject[] = []
  const volumes: JsonObject[] = []
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'web-5d4f6c8b9d-',
      labels: { app: 'web', 'pod-template-hash': '5d4f6c8b9d' },
      annotations: { 'outrigger.dev/inject': 'logs,proxy', 'prometheus.io/scrape': 'true' },
    },
    spec: { containers: apps, volumes },
  }
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  const whole = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: '0-0', kind, operation: 'CREATE', namespace: 'shop', object },
  }
  for (let n = 0; JSON.stringify(whole).length < kilobytes * 1024; n++) {
    const mounts = Array.from({ length: 8 }, (_, i) => ({
      name: `volume-${n}-${i}`,
      mountPath: `/mnt/${n}/${i}`,
    }))
    for (const { name } of mounts) volumes.push({ name, configMap: { name: `config-of-${name}` } })
    apps.push({
      name: `app-${n}`,
      image: `registry.example/team/app-${n}:1.2.3`,
      ports: [{ name: 'http', containerPort: 8000 + n }],
      env: Array.from({ length: 24 }, (_, i) => ({
        name: `VARIABLE_${i}`,
        value: `a value of some length ${i}`,
      })),
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
      readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
      volumeMounts: mounts,
    })
  }
  return whole
}
