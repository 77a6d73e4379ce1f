import { at, isObject, type JsonObject } from '../../manifests/json.ts'
import { podRequests } from '../../manifests/pod-resources.ts'
import { parseQuantity } from '../../manifests/quantity.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC027',
  name: 'pod-resources-too-small',
  severity: 'error',
  title: 'The resources of the pod as a whole do not cover its sidecars',
  why: 'With resources on the pod (spec.resources) a sidecar does not raise what the pod asks for: it eats from the same envelope, and the API server refuses a pod whose containers ask for more than the pod does.',
  mend: 'Raise spec.resources by what the sidecars ask for.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  resources: { requests: { cpu: 500m, memory: 512Mi } }
  initContainers:
    - { name: envoy, image: envoyproxy/envoy:v1.34.1, restartPolicy: Always, resources: { requests: { cpu: 100m, memory: 128Mi } } }
  containers:
    - { name: web, image: mycompany/web:2.1, resources: { requests: { cpu: 500m, memory: 512Mi } } }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  resources: { requests: { cpu: 600m, memory: 640Mi } }
  initContainers:
    - { name: envoy, image: envoyproxy/envoy:v1.34.1, restartPolicy: Always, resources: { requests: { cpu: 100m, memory: 128Mi } } }
  containers:
    - { name: web, image: mycompany/web:2.1, resources: { requests: { cpu: 500m, memory: 512Mi } } }
`,
  *pod({ template, sidecars, path }) {
    const whole = at(template, ['spec', 'resources', 'requests'])
    if (!isObject(whole) || sidecars.length === 0) return
    // As the API server adds them up: init containers count by their peak.
    const { resources, overhead, ...spec } = template['spec'] as JsonObject
    const sum = podRequests({ spec })
    for (const resource of ['cpu', 'memory']) {
      const given = parseQuantity(whole[resource])
      const needed = sum[resource] ?? 0
      if (given !== undefined && needed > given)
        yield {
          path: path('spec', 'resources', 'requests', resource),
          message: `the pod asks for ${whole[resource]} of ${resource}, its containers with the sidecars for ${written(resource, needed)}`,
          hint: `raise it to ${written(resource, needed)} or more`,
        }
    }
  },
}

function written(resource: string, amount: number): string {
  return resource === 'cpu' ? `${Math.ceil(amount * 1000)}m` : `${Math.ceil(amount / 2 ** 20)}Mi`
}
