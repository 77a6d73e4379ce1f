/**
 * Admission reviews a second on one core, and how long one takes: the pod is parsed from a review's bytes, the patch is
 * worked out, applied and written as an answer is. Pods of 5, 20 and 100 KB; `logs,proxy` of the product's catalogue.
 */

import { inject } from '../src/injection/kubernetes/inject.ts'
import type { Json, JsonObject } from '../src/manifests/json.ts'
import { applyPatch } from '../src/wire/json-patch/patch.ts'
import { ownCatalogue } from '../test/injection/own-catalogue.ts'

const SECONDS = 3
const catalogue = ownCatalogue()

for (const kilobytes of [5, 20, 100]) {
  const bytes = Buffer.from(JSON.stringify(review(kilobytes)))
  for (let i = 0; i < 300; i++) answer(bytes)
  const times: number[] = []
  const end = performance.now() + SECONDS * 1000
  while (performance.now() < end) {
    const start = performance.now()
    answer(bytes)
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const total = times.reduce((sum, each) => sum + each, 0)
  const at = (part: number): string => times[Math.floor(times.length * part)]!.toFixed(2)
  const rate = Math.round((times.length / total) * 1000)
  process.stdout.write(
    `${`${Math.round(bytes.length / 1024)} KB`.padEnd(8)}${String(rate).padStart(7)} reviews/s   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms\n`,
  )
}

function answer(bytes: Buffer): string {
  const { request } = JSON.parse(bytes.toString()) as { request: { uid: string; object: Json } }
  const { patch, status } = inject(request.object, catalogue)
  if (status[0]?.outcome !== 'injected') throw new Error(JSON.stringify(status))
  applyPatch(request.object, patch)
  return JSON.stringify({ uid: request.uid, patch: Buffer.from(JSON.stringify(patch)).toString('base64') })
}

/** A pod of about this size: more containers, variables and volumes, as large pods have. */
function review(kilobytes: number): Json {
  const count = Math.max(1, Math.round(kilobytes / 5))
  const container = (n: number): JsonObject => ({
    name: `app-${n}`,
    image: `registry.example/team/app-${n}:1.2.3`,
    ports: [{ name: 'http', containerPort: 8000 + n }],
    env: Array.from({ length: 40 }, (_, i) => ({
      name: `VARIABLE_${i}`,
      value: `a value of some length ${i}`,
    })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
    volumeMounts: Array.from({ length: 8 }, (_, i) => ({
      name: `volume-${n}-${i}`,
      mountPath: `/mnt/${n}/${i}`,
    })),
  })
  const numbers = Array.from({ length: count }, (_, n) => n)
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'web-5d4f6c8b9d-',
      labels: { app: 'web', 'pod-template-hash': '5d4f6c8b9d' },
      annotations: { 'outrigger.dev/inject': 'logs,proxy', 'prometheus.io/scrape': 'true' },
    },
    spec: {
      containers: numbers.map(container),
      volumes: numbers.flatMap(n =>
        Array.from({ length: 8 }, (_, i) => ({
          name: `volume-${n}-${i}`,
          configMap: { name: `config-${i}` },
        })),
      ),
    },
  }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: '0-0', object } }
}
