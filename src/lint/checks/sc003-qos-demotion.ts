import { at, isObject } from '../../manifests/json.ts'
import { qosClass } from '../../manifests/pod-resources.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC003',
  name: 'qos-demotion',
  severity: 'warning',
  title: 'A sidecar takes the class Guaranteed from its pod',
  why: 'A pod is Guaranteed only if every container, init containers and sidecars too, asks for exactly its limits of cpu and memory. One that does not makes the pod Burstable without a word: it is evicted earlier, and loses exclusive processors.',
  mend: 'Give the sidecar limits of cpu and memory and the same requests.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: outrigger
      image: outrigger/outrigger:0.1.0
      restartPolicy: Always
      resources:
        requests: { cpu: 50m, memory: 64Mi }
        limits: { memory: 128Mi }
  containers:
    - name: web
      image: mycompany/web:2.1
      resources:
        limits: { cpu: "1", memory: 1Gi }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: outrigger
      image: outrigger/outrigger:0.1.0
      restartPolicy: Always
      resources:
        limits: { cpu: 50m, memory: 128Mi }
  containers:
    - name: web
      image: mycompany/web:2.1
      resources:
        limits: { cpu: "1", memory: 1Gi }
`,
  *pod({ template, sidecars, path }) {
    if (sidecars.length === 0 || isObject(at(template, ['spec', 'resources']))) return
    const without = (kept: readonly object[]) => {
      const keep = (list: 'containers' | 'initContainers') => {
        const items = at(template, ['spec', list])
        return Array.isArray(items) ? items.filter(each => !kept.includes(each as object)) : []
      }
      return qosClass({ spec: { containers: keep('containers'), initContainers: keep('initContainers') } })
    }
    if (
      qosClass(template) === 'Guaranteed' ||
      without(sidecars.map(({ container }) => container)) !== 'Guaranteed'
    )
      return
    for (const { name, container, path: place } of sidecars)
      if (qosClass({ spec: { containers: [container] } }) !== 'Guaranteed')
        yield {
          path: path(...place, ...(container['resources'] === undefined ? [] : ['resources'])),
          message: `the pod would be Guaranteed; the sidecar ${name} makes it Burstable`,
          hint: 'give it limits of cpu and memory, and requests that are the same or none',
        }
  },
}
