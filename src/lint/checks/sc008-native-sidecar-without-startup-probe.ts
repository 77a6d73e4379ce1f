import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC008',
  name: 'native-sidecar-without-startup-probe',
  severity: 'warning',
  title: 'A native sidecar has no startupProbe, so nobody waits until it works',
  why: 'What follows a native sidecar starts as soon as its process runs, unless a startupProbe says when it is up. A readinessProbe holds nothing back at the start.',
  mend: 'Give it a startupProbe on what says that it is ready.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: envoy
      image: envoyproxy/envoy:v1.34.1
      restartPolicy: Always
      ports: [{ containerPort: 9901 }]
      readinessProbe: { httpGet: { path: /ready, port: 9901 } }
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
      ports: [{ containerPort: 9901 }]
      startupProbe: { httpGet: { path: /ready, port: 9901 }, periodSeconds: 1, failureThreshold: 60 }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ sidecars, path }) {
    for (const { name, role, container, path: place } of sidecars) {
      if (role !== 'sidecar' || container['startupProbe'] !== undefined) continue
      const probe = container['readinessProbe'] === undefined ? 'livenessProbe' : 'readinessProbe'
      const given = container[probe]
      yield {
        path: path(...place),
        message: `nothing waits until the sidecar ${name} is up: it has no startupProbe`,
        hint:
          given === undefined
            ? 'add a startupProbe, with a period of a second'
            : `what its ${probe} asks does as a startupProbe, with a period of a second`,
      }
    }
  },
}
