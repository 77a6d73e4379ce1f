import { at, isObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

const MIN_TIMEOUT_SECONDS = 2
const MIN_PATIENCE_SECONDS = 30

export const check: Check = {
  id: 'SC029',
  name: 'impatient-liveness',
  severity: 'warning',
  title: 'The livenessProbe of a native sidecar kills it when it is merely busy',
  why: 'A sidecar is slow to answer exactly when it has much to do. A probe with the default timeout of one second then ends it, with what it carries, and the load meets the pod without its sidecar. The kubelet goes on probing while the pod ends.',
  mend: 'Give the probe a timeout of several seconds and patience of half a minute or more, or leave it out: a process that ends is started again in any case.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: envoy
      image: envoyproxy/envoy:v1.34.1
      restartPolicy: Always
      livenessProbe: { httpGet: { path: /ready, port: 9901 } }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: envoy
      image: envoyproxy/envoy:v1.34.1
      restartPolicy: Always
      livenessProbe: { httpGet: { path: /ready, port: 9901 }, timeoutSeconds: 5, periodSeconds: 10, failureThreshold: 6 }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ sidecars, path }) {
    for (const { name, role, container, path: place } of sidecars) {
      const probe = container['livenessProbe']
      if (role !== 'sidecar' || !isObject(probe)) continue
      const seconds = (key: string, initial: number) => {
        const given = at(probe, [key])
        return typeof given === 'number' ? given : initial
      }
      const timeout = seconds('timeoutSeconds', 1)
      const patience = seconds('periodSeconds', 10) * seconds('failureThreshold', 3)
      if (timeout >= MIN_TIMEOUT_SECONDS && patience >= MIN_PATIENCE_SECONDS) continue
      yield {
        path: path(...place, 'livenessProbe'),
        message: `the sidecar ${name} is killed when it takes longer than ${timeout} s to answer for ${patience} s`,
        hint: 'write timeoutSeconds: 5 and failureThreshold: 6, or leave the probe out',
      }
    }
  },
}
