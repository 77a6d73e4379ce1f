import { at } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC002',
  name: 'sidecar-without-resources',
  severity: 'error',
  title: 'A sidecar has no requests or limits',
  why: 'Without requests the scheduler does not know what the pod takes, and a HorizontalPodAutoscaler by resource does not scale at all ("missing request for cpu"). Without a limit of memory a leak in the sidecar ends the application. A ResourceQuota on limits refuses such pods.',
  mend: 'Give requests for cpu and memory, and a limit for memory.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - name: fluent-bit
      image: fluent/fluent-bit:4.0.3
      resources:
        requests: { cpu: 50m, memory: 64Mi }
        limits: { memory: 128Mi }
`,
  *pod({ sidecars, template, path }) {
    // What the pod asks for as a whole covers its containers.
    const whole = at(template, ['spec', 'resources'])
    for (const { name, container, path: place } of sidecars) {
      const has = (kind: string, resource: string) =>
        [container['resources'], whole].some(each => at(each, [kind, resource]) !== undefined)
      const missing = [
        ...['cpu', 'memory']
          .filter(each => !has('requests', each) && !has('limits', each))
          .map(each => `requests.${each}`),
        ...(has('limits', 'memory') ? [] : ['limits.memory']),
      ]
      if (missing.length > 0)
        yield {
          path: path(...place, ...(container['resources'] === undefined ? [] : ['resources'])),
          message: `the sidecar ${name} has no ${missing.join(', ')}`,
          hint: 'measure what it takes (outrigger overhead), and write it down',
        }
    }
  },
}
